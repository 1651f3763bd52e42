"""Every feed silent, each alone: what happens at its warning age and at its stand-down age, in the operator's words."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain import events as happened
from cockpit.domain.account import StandDown
from cockpit.domain.actions import StateChanged
from cockpit.domain.events import AnyEvent
from cockpit.domain.kinds import EngineState, FeedState, Reading
from cockpit.domain.snapshot import FeedView
from cockpit.domain.units import NS_PER_S
from cockpit.engine.standing import EVERYWHERE
from cockpit.engine.views import snapshot
from tests.engine.scenario import PRICES, TICKS, Scenario, config_with

ARMED, STANDING_DOWN = EngineState.ARMED, EngineState.STANDING_DOWN
FEES = "priority_fee"
ADDRESS = "0x" + "ab" * 20
EVERY_S = 10
"""How often a feed that is polled speaks here; streams speak once a second."""

Speaks = Callable[[int], list[AnyEvent]]


def streams(asset: str) -> Speaks:
    price = PRICES[asset]

    def speak(now_ns: int) -> list[AnyEvent]:
        number = now_ns // NS_PER_S
        return [
            happened.Top(now_ns, now_ns, "binance", asset, price, 1e3, round(price + TICKS[asset], 4), 1e3),
            happened.Trade(now_ns, now_ns, "binance", asset, price, 1.0, True, number),
        ]

    return speak


def shares(now_ns: int, asset: str) -> happened.Positioning:
    """Positioning comes in bars of five minutes: a value is late two minutes after the next one could be there."""
    return happened.Positioning(now_ns, asset, "binance accounts 5m", 50.0, 50.0, bar_s=300.0)


def feeds() -> dict[str, Speaks]:
    """Every feed of a live session, by the name the screen shows it under."""
    cluster = happened.LiquidationCluster(107_000.0, 107_100.0, 5e6, "estimated", 0, True)
    found: dict[str, Speaks] = {}
    for name in PRICES:

        def of_asset(asset: str) -> dict[str, Speaks]:
            return {
                f"stream.{asset}": streams(asset),
                f"positioning.{asset}": lambda now: [shares(now, asset)],
                f"funding.{asset}.binance": lambda now: [happened.FundingRate(now, asset, "binance", 0.1)],
                f"funding.{asset}.okx": lambda now: [happened.FundingRate(now, asset, "okx", 0.1)],
                f"open_interest.{asset}": lambda now: [happened.OpenInterest(now, asset, "binance", 0.0)],
            }

        found.update(of_asset(name))
    return found | {
        "health_factor": lambda now: [happened.HealthFactor(now, "rpc.example", 3.0)],
        "priority_fee": lambda now: [happened.PriorityFee(now, 1_000.0)],
        "jito_tip": lambda now: [happened.JitoTip(now, 0.001)],
        "onchain_price.SOL": lambda now: [happened.OnChainPrice(now, "SOL", "birdeye", PRICES["SOL"])],
        "liquidation_map.BTC": lambda now: [happened.LiquidationMap(now, "BTC", "binance", (cluster,), 35.0)],
    }


class LiveMarket:
    """Every feed speaks at its cadence, but for those that are silent."""

    def __init__(self, config: CockpitConfig) -> None:
        self.scene = Scenario(config, armed=False, calm=False)
        self._feeds = feeds()
        self._silent: set[str] = set()
        self._silent_since_ns = 0
        self.go_on(80)
        self.scene.arm()

    def go_on(self, seconds: int) -> None:
        for _ in range(seconds):
            self.scene.now_ns += NS_PER_S
            self.scene.tick()
            for name, speak in self._feeds.items():
                is_due = name.startswith("stream") or self.scene.now_ns // NS_PER_S % EVERY_S == 0
                if is_due and name not in self._silent:
                    self._notify(speak)

    def silence(self, name: str) -> None:
        """Its last word is said now."""
        self._notify(self._feeds[name])
        self._silent.add(name)
        self._silent_since_ns = self.scene.now_ns

    def speak_again(self, name: str) -> None:
        self._silent.discard(name)
        self._notify(self._feeds[name])
        self.go_on(1)

    def go_to_age(self, age_s: int) -> None:
        self.go_on(age_s - (self.scene.now_ns - self._silent_since_ns) // NS_PER_S)

    def health(self, reading: Reading, source: str, state: FeedState, detail: str = "") -> None:
        self.scene.feed(happened.FeedHealth(self.scene.now_ns, reading, source, state, detail))

    def check(self, setup: str, name: str) -> str:
        """What the gate would say now to that setup, as `outcome: sentence`."""
        checks = self.scene.engine.probe(setup).checks
        found = next(check for check in checks if check.name == name)
        return f"{found.outcome.value}: {found.sentence}"

    def view(self, name: str) -> FeedView:
        return next(feed for feed in snapshot(self.scene.engine).feeds if feed.name == name)

    def causes(self) -> list[StandDown]:
        return list(snapshot(self.scene.engine).stand_downs)

    def reason(self) -> str:
        """What the status line says beside the state."""
        return snapshot(self.scene.engine).state_reason

    def _notify(self, speak: Speaks) -> None:
        for event in speak(self.scene.now_ns):
            self.scene.feed(event)


class Row(NamedTuple):
    """One feed of the rules' table. `source` is who speaks for its worker, `setup` and `check` where the gate asks."""

    name: str
    reading: Reading
    source: str
    warn_s: int
    stand_down_s: int
    scope: str
    setup: str
    check: str
    well: str
    late: str
    silent: str
    sentence: str


LOWER, FADE = "btc_lower_band_long", "sol_fee_fade"
FUNDING = "funding spread +0 bps (binance +0.1, okx +0.1) from -0.25 to +0.25: both sides"
TIPS = "Jito tip 0.001 SOL, baseline 0.001: at most 2 x"
ROWS = [
    Row(
        *("stream.BTC", Reading.STREAM, "binance", 5, 15, EVERYWHERE, LOWER, "price_stream"),
        well="pass: price stream (BTC) 0.0 s old, within 15 s",
        late="warn: price stream (BTC) 6.0 s old, within 15 s; read 6 s ago, late after 5 s",
        silent="no_data: no data on price stream (BTC): last read 16 s ago, stale after 15 s",
        sentence="no BTC prices from binance for 16 s, limit 15 s",
    ),
    Row(
        *("positioning.BTC", Reading.POSITIONING, "binance accounts 5m", 420, 600, EVERYWHERE, LOWER, "short_pct"),
        well="pass: short % 50.0 under 54.0 (BTC)",
        late="warn: short % 50.0 under 54.0 (BTC); read 421 s ago, late after 420 s",
        silent="no_data: no data on short % (BTC): last read 601 s ago, stale after 600 s",
        sentence="no BTC short % (binance accounts 5m) for 601 s, limit 600 s",
    ),
    Row(
        *("funding.BTC.binance", Reading.FUNDING, "binance", 300, 600, EVERYWHERE, LOWER, "funding_spread"),
        well=f"pass: {FUNDING}",
        late=f"warn: {FUNDING}; read 301 s ago, late after 300 s",
        silent="no_data: no data on funding spread (BTC): last read 601 s ago, stale after 600 s",
        sentence="no BTC funding on binance for 601 s, limit 600 s",
    ),
    Row(
        *("funding.BTC.okx", Reading.FUNDING, "okx", 300, 600, EVERYWHERE, LOWER, "funding_spread"),
        well=f"pass: {FUNDING}",
        late=f"warn: {FUNDING}; read 301 s ago, late after 300 s",
        silent="no_data: no data on funding spread (BTC): last read 601 s ago, stale after 600 s",
        sentence="no BTC funding on okx for 601 s, limit 600 s",
    ),
    Row(
        *("open_interest.BTC", Reading.OPEN_INTEREST, "binance", 300, 900, EVERYWHERE, LOWER, "open_interest"),
        well="pass: open interest +0.0 % in 24 h (BTC) not above +3.0 %",
        late="warn: open interest +0.0 % in 24 h (BTC) not above +3.0 %; read 301 s ago, late after 300 s",
        silent="no_data: no data on open interest (BTC): last read 901 s ago, stale after 900 s",
        sentence="no BTC open interest (binance) for 901 s, limit 900 s",
    ),
    Row(
        *("health_factor", Reading.HEALTH_FACTOR, "rpc.example", 120, 300, EVERYWHERE, LOWER, "health_factor"),
        well="pass: health factor 3.00 at or above 2.50",
        late="warn: health factor 3.00 at or above 2.50; read 121 s ago, late after 120 s",
        silent="no_data: no data on health factor: last read 301 s ago, stale after 300 s",
        sentence="no Aave health factor (rpc.example) for 301 s, limit 300 s",
    ),
    Row(
        *("priority_fee", Reading.PRIORITY_FEE, "solana", 60, 180, FEES, FADE, "setup_priority_fee"),
        well="pass: priority fee 1,000 micro-lamports",
        late="warn: priority fee 1,000 micro-lamports; read 61 s ago, late after 60 s",
        silent="no_data: no data on the Solana priority fee: last read 181 s ago, stale",
        sentence="no Solana priority fee for 181 s, limit 180 s",
    ),
    Row(
        *("jito_tip", Reading.JITO_TIP, "jito", 60, 180, FEES, FADE, "setup_jito_tip"),
        well=f"pass: {TIPS}",
        late=f"warn: {TIPS}; read 61 s ago, late after 60 s",
        silent="no_data: no data on Jito tips: last read 181 s ago, stale",
        sentence="no Jito tips for 181 s, limit 180 s",
    ),
]
NAMES = [row.name for row in ROWS]


@pytest.fixture(scope="module")
def watched_config() -> CockpitConfig:
    """The shipped rules with an Aave address, so that its health factor is one of the feeds."""
    config = config_with()
    return config.model_copy(update={"aave": config.aave.model_copy(update={"address": ADDRESS})})


@pytest.fixture
def market(watched_config: CockpitConfig) -> LiveMarket:
    return LiveMarket(watched_config)


def alone(row: Row) -> str:
    return "; only sol_fee_fade stands down" if row.scope == FEES else ""


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_one_feed_silent(market: LiveMarket, row: Row) -> None:
    scene = market.scene
    assert (scene.state, market.causes()) == (ARMED, [])
    assert market.check(row.setup, row.check) == row.well
    trade = scene.open_trade("ETH")
    market.silence(row.name)

    market.go_to_age(row.warn_s)
    assert market.view(row.name).state is FeedState.FRESH
    market.go_to_age(row.warn_s + 1)
    assert (market.view(row.name).state, market.view(row.name).age_s) == (FeedState.LATE, row.warn_s + 1)
    assert market.check(row.setup, row.check) == row.late
    assert (scene.state, market.causes()) == (ARMED, [])

    market.go_to_age(row.stand_down_s)
    assert (scene.state, market.causes()) == (ARMED, [])
    market.go_to_age(row.stand_down_s + 1)
    assert market.view(row.name).state is FeedState.STALE
    [cause] = market.causes()
    assert (cause.cause, cause.scope) == (f"stale:{row.name}", row.scope)
    assert cause.sentence == row.sentence + alone(row)
    assert market.check(row.setup, row.check) == row.silent
    assert not scene.engine.probe(row.setup).approved
    stands_down = row.scope == EVERYWHERE
    assert scene.state is (STANDING_DOWN if stands_down else ARMED)
    assert market.reason() == (row.sentence if stands_down else "armed")
    assert scene.seen.of(StateChanged)[-1].stand_downs == (msgspec.structs.replace(cause),)

    scene.move("ETH", 4_010.03)
    assert scene.settled(trade).stop_at_entry, "exits go on meanwhile"

    market.speak_again(row.name)
    assert (scene.state, market.causes(), market.reason()) == (ARMED, [], "armed")
    assert market.view(row.name).state is FeedState.FRESH
    assert market.check(row.setup, row.check).startswith("pass: ")
    said = [change.reason for change in scene.seen.of(StateChanged)[-2:]]
    assert said == [row.sentence if stands_down else "armed", "armed"]


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_one_feed_down_says_why_everywhere_it_is_missed(market: LiveMarket, row: Row) -> None:
    market.silence(row.name)
    market.health(row.reading, row.source, FeedState.DOWN, "no connection (ConnectError)")
    assert market.view(row.name).state is FeedState.DOWN, "said at once, while its last value is still good"
    assert market.view(row.name).detail == f"{row.source} down: no connection (ConnectError)"
    assert (market.scene.state, market.causes()) == (ARMED, [])

    market.go_to_age(row.stand_down_s + 1)
    [cause] = market.causes()
    why = f" ({row.source} down: no connection (ConnectError))"
    assert cause.sentence == row.sentence + why + alone(row)
    assert market.check(row.setup, row.check) == row.silent + why

    market.health(row.reading, row.source, FeedState.FRESH)
    market.speak_again(row.name)
    assert (market.scene.state, market.causes()) == (ARMED, [])
    assert (market.view(row.name).state, market.view(row.name).detail) == (FeedState.FRESH, "")


INFORMING: Mapping[str, tuple[Reading, str, int, int]] = {
    "onchain_price.SOL": (Reading.ONCHAIN_PRICE, "birdeye", 180, 600),
    "liquidation_map.BTC": (Reading.LIQUIDATION_MAP, "binance", 900, 3_600),
}


@pytest.mark.parametrize("name", INFORMING)
def test_a_feed_that_only_informs_stands_nobody_down(market: LiveMarket, name: str) -> None:
    reading, source, warn_s, stale_s = INFORMING[name]
    market.silence(name)
    market.go_to_age(warn_s + 1)
    assert market.view(name).state is FeedState.LATE
    market.health(reading, source, FeedState.DOWN, "HTTP 503")
    assert (market.view(name).state, market.view(name).detail) == (FeedState.DOWN, f"{source} down: HTTP 503")
    market.health(reading, source, FeedState.FRESH)
    market.go_to_age(stale_s + 1)
    assert market.view(name).state is FeedState.STALE
    assert (market.scene.state, market.causes()) == (ARMED, [])
    assert market.scene.signal("SOL").ok
    market.speak_again(name)
    assert market.view(name).state is FeedState.FRESH


def test_a_silent_chain_warns_the_setup_that_is_checked_against_it(market: LiveMarket) -> None:
    words = "SOL on chain 190 (birdeye, last price) is 0.0 bps over the perp's 190, limit 30.0 bps"
    assert market.check(FADE, "setup_onchain_price") == f"pass: {words}"
    market.silence("onchain_price.SOL")
    market.go_to_age(601)
    words = "SOL on chain not compared with the perp: last read 601 s ago, stale"
    assert market.check(FADE, "setup_onchain_price") == f"warn: {words}"


def test_an_old_liquidation_map_is_no_longer_drawn(market: LiveMarket) -> None:
    def btc() -> tuple[int, float | None]:
        view = next(asset for asset in snapshot(market.scene.engine).assets if asset.asset == "BTC")
        return len(view.clusters), view.estimated_explained_pct

    assert btc() == (1, 35.0)
    market.silence("liquidation_map.BTC")
    market.go_to_age(3_601)
    assert btc() == (0, None)


def test_a_venue_that_dies_is_one_thing_to_read(market: LiveMarket) -> None:
    for asset in PRICES:
        market.silence(f"funding.{asset}.okx")
    market.health(Reading.FUNDING, "okx", FeedState.DOWN, "HTTP 503, the server is in trouble")
    market.go_to_age(601)
    assert len(market.causes()) == len(PRICES)
    assert market.reason() == (
        "no BTC, SOL, XRP, ETH funding on okx for 601 s, limit 600 s (okx down: HTTP 503, the server is in trouble)"
    )


def test_another_source_explains_nothing(market: LiveMarket) -> None:
    """OKX is down and Coinglass has no key: neither is why Binance's readings are old."""
    market.health(Reading.FUNDING, "okx", FeedState.DOWN, "HTTP 503")
    market.health(Reading.POSITIONING, "coinglass", FeedState.OFF, "no key: set COINGLASS_API_KEY")
    market.silence("funding.BTC.binance")
    market.silence("positioning.BTC")
    market.go_to_age(421)
    assert market.view("positioning.BTC").state is FeedState.LATE
    market.go_to_age(601)
    assert sorted(cause.sentence for cause in market.causes()) == [
        "no BTC funding on binance for 601 s, limit 600 s",
        "no BTC short % (binance accounts 5m) for 601 s, limit 600 s",
    ]
