"""A calm day for the gate: every reading fresh and harmless, nothing open, nothing lost. Tests change one thing."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.account import Account
from cockpit.domain.events import FundingRate, HealthFactor, OpenInterest, Positioning, Trade
from cockpit.domain.kinds import Mode, Side
from cockpit.domain.units import seconds_to_ns
from cockpit.domain.verdict import Check, Proposal, Target, Verdict
from cockpit.gate.gate import judge
from cockpit.gate.inputs import GateInput
from cockpit.market.market import Market

NOW_NS = 1_760_875_200_000_000_000
BTC_PRICE = 108_402.0
WISH = Proposal("btc_lower_band_long", "BTC", Side.LONG, 29.05, BTC_PRICE, 28.0, (Target(25, 100),))
NEW_ACCOUNT = Account(utc_day=20380, session_started_ns=NOW_NS)


@dataclass(frozen=True)
class Scene:
    """What the market's readings say, how old they are, and what the rest of the judgement is given."""

    config: CockpitConfig
    asset: str = "BTC"
    price: float | None = BTC_PRICE
    short_pct: float | None = 50.0
    binance_bps: float | None = 0.1
    okx_bps: float | None = 0.1
    open_interest_pct: float | None = 0.0
    health: float | None = 3.0
    no_debt: bool = False
    ages_s: dict[str, float] = field(default_factory=dict)
    extra_readings: tuple[Any, ...] = ()
    hold_context: bool = False
    proposal: Proposal = WISH
    account: Account = NEW_ACCOUNT
    rest: dict[str, Any] = field(default_factory=dict)

    def but(self, **changes: Any) -> "Scene":
        """The same scene with fields of the scene, the proposal, the account or the gate's input changed."""
        own = {key: value for key, value in changes.items() if key in self.__dataclass_fields__}
        wish = {key: value for key, value in changes.items() if key in Proposal.__struct_fields__ and key not in own}
        books = {key: value for key, value in changes.items() if key in Account.__struct_fields__}
        rest = {key: value for key, value in changes.items() if key not in own | wish | books}
        unknown = set(rest) - set(GateInput.__dataclass_fields__)
        assert not unknown, f"no such field anywhere: {sorted(unknown)}"
        if "asset" in own:
            wish["asset"] = own["asset"]
        own.setdefault("proposal", msgspec.structs.replace(self.proposal, **wish))
        own.setdefault("account", msgspec.structs.replace(self.account, **books))
        return replace(self, **own, rest={**self.rest, **rest})

    def market(self) -> Market:
        """The real market, told these readings."""
        market = Market(self.config, NOW_NS - seconds_to_ns(3600), self.hold_context)
        for event in (*self._readings(), *self.extra_readings):
            market.apply(event)
        if self.price is not None:
            at_ns = self._at("stream")
            trade = Trade(at_ns, at_ns, "binance", self.asset, self.price, 0.01, True, 1)
            market.assets[self.asset].on_trade(trade)
        return market

    def asked(self) -> GateInput:
        """The gate's input."""
        given: dict[str, Any] = {
            "verdict_id": "v1",
            "now_ns": NOW_NS,
            "mode": Mode.PAPER,
            "config": self.config,
            "account": self.account,
            "proposal": self.proposal,
            "guards": (),
            "open_trades": 0,
            "exposure_usd": 0.0,
            "open_pnl_usd": 0.0,
            "drawdown_usd": 0.0,
            "setup_enabled": True,
            "venue": "okx",
        }
        if "market" not in self.rest:
            given["market"] = self.market()
        return GateInput(**{**given, **self.rest})

    def _at(self, reading: str) -> int:
        return NOW_NS - seconds_to_ns(self.ages_s.get(reading, 0.0))

    def _readings(self) -> list[Any]:
        found: list[Any] = []
        if self.short_pct is not None:
            long_pct = 100.0 - self.short_pct
            found.append(Positioning(self._at("positioning"), self.asset, "test", long_pct, self.short_pct))
        for venue, rate_bps in (("binance", self.binance_bps), ("okx", self.okx_bps)):
            if rate_bps is not None:
                found.append(FundingRate(self._at("funding"), self.asset, venue, rate_bps))
        if self.open_interest_pct is not None:
            at_ns = self._at("open_interest")
            found.append(OpenInterest(at_ns, self.asset, "test", self.open_interest_pct))
        if self.health is not None or self.no_debt:
            value = None if self.no_debt else self.health
            found.append(HealthFactor(self._at("health_factor"), "rpc1", value, self.no_debt))
        return found


@pytest.fixture(scope="session")
def bare_config(shipped_config: CockpitConfig) -> CockpitConfig:
    """The shipped rules without the market context: only what a test says is known."""
    context = type(shipped_config.market_context)()
    return shipped_config.model_copy(update={"market_context": context})


@pytest.fixture(scope="session")
def calm(bare_config: CockpitConfig) -> Scene:
    """A scene in which a BTC long is approved without a warning."""
    return Scene(bare_config)


@pytest.fixture(scope="session")
def verdict(calm: Scene) -> Callable[..., Verdict]:
    """The gate's verdict on the calm scene with these things changed."""
    return lambda **changes: judge(calm.but(**changes).asked())


@pytest.fixture(scope="session")
def check(verdict: Callable[..., Verdict]) -> Callable[..., Check]:
    """One check's finding, by name, in the calm scene with these things changed."""

    def find(name: str, **changes: Any) -> Check:
        found = [each for each in verdict(**changes).checks if each.name == name]
        assert len(found) == 1, f"expected one check named {name}, were {len(found)}"
        return found[0]

    return find


@pytest.fixture(scope="session")
def tuned(bare_config: CockpitConfig) -> Callable[..., CockpitConfig]:
    """The rules with values of one section changed."""

    def tune(section: str, **values: Any) -> CockpitConfig:
        changed = getattr(bare_config, section).model_copy(update=values)
        return bare_config.model_copy(update={section: changed})

    return tune
