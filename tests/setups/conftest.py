"""A street to walk a setup along: the real market and the real setup, driven in the order the engine drives them."""

from collections.abc import Callable
from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FundingRate, ReadingEvent, Top, Trade
from cockpit.domain.kinds import SetupPhase
from cockpit.domain.units import seconds_to_ns
from cockpit.domain.verdict import Check, Proposal
from cockpit.market.market import Market
from cockpit.setups.base import Setup
from cockpit.setups.registry import build_setups

NOON_NS = 1_760_875_200_000_000_000
"""2025-10-19 12:00:00 UTC, where every bar length begins."""


class Street:
    """One setup at its market. Times are seconds after noon; every proposal made is kept with its time."""

    def __init__(self, config: CockpitConfig, name: str, start_ns: int = NOON_NS, hold_context: bool = False) -> None:
        self.market = Market(config, start_ns, hold_context)
        self.setup: Setup = next(setup for setup in build_setups(config, self.market) if setup.name == name)
        self.start_ns = start_ns
        self.proposals: list[tuple[float, Proposal]] = []
        self._trade_id = 0

    def at(self, at_s: float) -> int:
        return self.start_ns + seconds_to_ns(at_s)

    def tick(self, at_s: float) -> None:
        """Time passed: bars that ended close, and what the setup waits for comes due."""
        now_ns = self.at(at_s)
        for asset, bar in self.market.close_bars(now_ns):
            if asset == self.setup.asset:
                self._wake(at_s, bar.end_ns - 1)
                self._note(at_s, self.setup.take_bar(asset, bar, now_ns))
        self._wake(at_s, now_ns)

    def trade(self, at_s: float, price: float, qty: float = 1.0) -> None:
        """A print; a negative quantity was sold by the taker."""
        self.tick(at_s)
        self._trade_id += 1
        quotes = self.market.assets[self.setup.asset]
        ts_ns = self.at(at_s)
        quotes.on_trade(Trade(ts_ns, ts_ns, quotes.watch, self.setup.asset, price, abs(qty), qty > 0, self._trade_id))
        low, high = self.setup.fences(self.setup.asset)
        if price < low or price > high:
            self._note(at_s, self.setup.take_price(self.setup.asset, ts_ns, price))

    def trades(self, prints: list[tuple[float, ...]]) -> None:
        for one in prints:
            self.trade(*one)

    def top(self, at_s: float, size: float, price: float = 108_000.0) -> None:
        self.tick(at_s)
        quotes = self.market.assets[self.setup.asset]
        ts_ns = self.at(at_s)
        quotes.on_top(Top(ts_ns, ts_ns, quotes.watch, self.setup.asset, price, size / 2, price + 0.1, size / 2))

    def read(self, at_s: float, make: Callable[..., ReadingEvent], *rest: Any, **named: Any) -> None:
        """A slow reading, built by `make(ts_ns, *rest)`."""
        self.tick(at_s)
        event = make(self.at(at_s), *rest, **named)
        self.market.apply(event)
        self._note(at_s, self.setup.take_reading(event, self.at(at_s)))

    def spread(self, at_s: float, spread_bps: float) -> None:
        """Funding of both venues so that Binance - OKX is the spread."""
        self.read(at_s, FundingRate, self.setup.asset, "binance", spread_bps)
        self.read(at_s, FundingRate, self.setup.asset, "okx", 0.0)

    def guard(self, name: str, at_s: float) -> Check:
        return next(check for check in self.setup.guards(self.at(at_s)) if check.name == name)

    def phase(self, at_s: float) -> SetupPhase:
        return self.setup.status(self.at(at_s)).phase

    def waiting_for(self, at_s: float) -> str:
        return self.setup.status(self.at(at_s)).waiting_for

    @property
    def proposed_at(self) -> list[float]:
        return [at_s for at_s, _ in self.proposals]

    def _wake(self, at_s: float, until_ns: int) -> None:
        if self.setup.due_ns is not None and self.setup.due_ns <= until_ns:
            self._note(at_s, self.setup.take_time(self.at(at_s)))

    def _note(self, at_s: float, proposal: Proposal | None) -> None:
        if proposal is not None:
            self.proposals.append((at_s, proposal))


@pytest.fixture(scope="session")
def bare_config(shipped_config: CockpitConfig) -> CockpitConfig:
    """The shipped rules without the market context: only what a test says is known."""
    context = type(shipped_config.market_context)()
    return shipped_config.model_copy(update={"market_context": context})


@pytest.fixture
def street(bare_config: CockpitConfig) -> Callable[..., Street]:
    """Opens a street for the setup of that name; rules given by name differ from the shipped ones."""

    def opened(name: str, **rules: Any) -> Street:
        config = bare_config
        key = name.split(".")[0]
        if rules:
            section = config.setups[key].model_copy(update=rules)
            config = config.model_copy(update={"setups": {**config.setups, key: section}})
        return Street(config, name)

    return opened


@pytest.fixture(scope="session")
def street_on() -> type[Street]:
    """A street on a config of the test's own."""
    return Street
