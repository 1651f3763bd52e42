"""Whatever happens, in whatever order: no limit breaks, the books agree, all is covered, replays agree."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from cockpit.config.model import CockpitConfig
from cockpit.domain import commands as asked
from cockpit.domain import wire
from cockpit.domain.actions import StateChanged
from cockpit.domain.kinds import EngineState, Mode, Origin, Side
from cockpit.domain.units import NS_PER_DAY, offset_price
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from tests.engine.auditor import Auditor
from tests.engine.scenario import ARBITRAGE, MOMENTUM, NOON_NS, PRICES, TICKS, Collector, Scenario, config_with

NEAR_BANDS = config_with(
    "bands.BTC.lower=[[108300,108380]]", "bands.BTC.upper=[[108420,108440]]", "limits.net_profit_stop_r=3"
)
Step = tuple[str, ...] | tuple[object, ...]

ASSETS = st.sampled_from(sorted(PRICES))
STEPS = st.one_of(
    st.tuples(st.just("move"), ASSETS, st.integers(-60, 60)),
    st.tuples(st.just("move"), ASSETS, st.integers(-60, 60)),
    st.tuples(st.just("print"), ASSETS, st.integers(-40, 40)),
    st.tuples(st.just("gap"), ASSETS, st.integers(-700, 700)),
    st.tuples(st.just("thin"), ASSETS, st.integers(0, 5)),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 50, 60, 100, 400, 1_000, 3_000, 17_000])),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 50, 60, 100, 400, 1_000, 3_000])),
    st.tuples(st.just("hold"), st.sampled_from([5, 35, 61, 400, 905])),
    st.tuples(st.just("signal"), ASSETS, st.sampled_from([12.0, 41.5, 90.0, 415.0, 500.0]), st.sampled_from(Side)),
    st.tuples(st.just("signal"), ASSETS, st.sampled_from([41.5, 415.0]), st.just(Side.LONG)),
    st.tuples(st.just("signal"), ASSETS, st.sampled_from([41.5, 415.0]), st.none()),
    st.tuples(st.just("again")),
    st.tuples(st.just("ready")),
    st.tuples(st.just("ready")),
    st.tuples(st.just("shorts"), ASSETS, st.sampled_from([40.0, 52.9, 53.0, 54.0, 60.0])),
    st.tuples(st.just("funding"), ASSETS, st.sampled_from([-1.0, 0.0, 0.25, 0.26, 3.6])),
    st.tuples(st.just("interest"), ASSETS, st.sampled_from([0.0, 3.0, 3.1, 8.0])),
    st.tuples(st.just("health"), st.sampled_from([1.9, 1.99, 2.1, 2.3, 3.0, None]), st.sampled_from(["rpc1", "rpc2"])),
    st.tuples(st.just("outside"), st.sampled_from([1.9, 2.1, 9.0])),
    st.tuples(st.just("arm")),
    st.tuples(st.just("disarm")),
    st.tuples(st.just("halt")),
    st.tuples(st.just("resume")),
    st.tuples(st.just("flatten")),
    st.tuples(st.just("mode"), st.sampled_from(Mode)),
    st.tuples(st.just("midnight")),
)


class Play:
    """A scenario with an auditor beside it, played step by step."""

    def __init__(self, config: CockpitConfig = NEAR_BANDS) -> None:
        self.scene = Scenario(config, armed=False, calm=False)
        self.auditor = Auditor(config, Mode.PAPER)
        sinks = [self.scene.seen, self.auditor]
        self.scene.session = Session(self.scene.engine, self.scene.venue, sinks, sinks)
        self.scene.calm()
        self.scene.arm()
        self.prices = dict(PRICES)
        self._signals = 0

    def step(self, name: str, *given: object) -> None:
        self.moves()[name](*given)
        self.check()

    def moves(self) -> dict[str, Callable[..., object]]:
        """What each step does."""
        return {
            "move": self._move,
            "print": self._print,
            "gap": self._gap,
            "thin": lambda asset, lots: self.scene.quote(asset, self.prices[asset], lots * 0.001 + 0.0005),
            "wait": self.scene.wait_ms,
            "hold": self._hold,
            "signal": self._signal,
            "ready": self._ready,
            "again": lambda: self.scene.signal(signal_id=f"s{self._signals}"),
            "shorts": self.scene.positioning,
            "funding": lambda asset, spread: self.scene.funding(asset, spread, 0.0),
            "interest": self.scene.open_interest,
            "health": self.scene.health,
            "outside": lambda value: self.scene.health(value, "dashboard", Origin.EXTERNAL),
            "arm": self.scene.arm,
            "disarm": lambda: self.scene.command(asked.Disarm),
            "halt": lambda: self.scene.command(asked.HaltTrading, reason="why not"),
            "resume": self.scene.resume,
            "flatten": self.scene.flatten,
            "mode": lambda mode: self.scene.command(asked.SetMode, mode=mode, way_up_open=True),
            "midnight": lambda: self._until((self.scene.now_ns // NS_PER_DAY + 1) * NS_PER_DAY),
        }

    def check(self) -> None:
        """The books, the trades and the venue tell the same."""
        scene, auditor = self.scene, self.auditor
        by_place: dict[tuple[str, str], float] = dict.fromkeys(auditor.position, 0.0)
        for trade in auditor.open_trades():
            key = (trade.venue, trade.asset)
            by_place[key] = by_place.get(key, 0.0) + trade.side.sign * trade.open_qty
        for (venue, asset), qty in by_place.items():
            assert qty == pytest.approx(scene.venue.position(venue, asset), abs=1e-9)
            assert qty == pytest.approx(auditor.position[venue, asset], abs=1e-9)
        accountant = scene.engine.risk.accountant
        for mode, account in ((accountant.mode, accountant.account), *accountant.others):
            assert account.realised_usd == pytest.approx(auditor.realised[mode, account.utc_day], abs=1e-9)
        assert auditor.booked_usd() == pytest.approx(auditor.cash_usd, abs=1e-6), "fills that were left out or doubled"
        for trade in auditor.trades.values():
            assert trade.open_qty == pytest.approx(trade.entry_qty - trade.exit_qty, abs=1e-9), trade
        in_book = {trade.record.trade_id: trade.record for trade in scene.engine.book.trades}
        assert in_book == {trade.trade_id: trade for trade in auditor.open_trades()}

    def finish(self) -> None:
        """A flatten from here, whatever the state, ends flat."""
        for asset in PRICES:
            self.scene.quote(asset, self.prices[asset])
        self.scene.flatten()
        for _ in range(30):
            self.scene.wait_ms(60)
        self.check()
        assert self.scene.is_flat()
        assert self.scene.state is EngineState.HALTED
        assert self.auditor.open_trades() == []

    def _ready(self) -> None:
        """An operator has seen to everything."""
        self.scene.health(3.0, "rpc1")
        self.scene.health(3.0, "rpc2")
        for asset, price in self.prices.items():
            self.scene.positioning(asset, 50.0)
            self.scene.funding(asset, 0.1, 0.1)
            self.scene.open_interest(asset, 0.0)
            self.scene.move(asset, price)
        self.scene.resume()
        self.scene.arm()

    def _move(self, asset: str, bps: int) -> None:
        self._reprice(asset, bps)
        self.scene.move(asset, self.prices[asset])

    def _print(self, asset: str, bps: int) -> None:
        self._reprice(asset, bps)
        self.scene.trade(asset, self.prices[asset], buys=bps > 0)

    def _gap(self, asset: str, bps: int) -> None:
        self._reprice(asset, bps)
        self.scene.quote(asset, self.prices[asset])

    def _reprice(self, asset: str, bps: int) -> None:
        ticks = round(offset_price(self.prices[asset], float(bps)) / TICKS[asset])
        self.prices[asset] = round(max(ticks, 100) * TICKS[asset], 4)

    def _hold(self, seconds: int) -> None:
        for _ in range(seconds // 5):
            self.scene.wait_s(5)
            self.scene.trade("BTC", self.prices["BTC"])

    def _signal(self, asset: str, amount: float, side: Side | None) -> None:
        self._signals += 1
        strategy = MOMENTUM if asset == "XRP" or self._signals % 2 else ARBITRAGE
        self.scene.signal(asset, amount, strategy, side=side, signal_id=f"s{self._signals}")

    def _until(self, ts_ns: int) -> None:
        self.scene.now_ns = ts_ns
        self.scene.tick()
        for asset, price in self.prices.items():
            self.scene.move(asset, price)


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(STEPS, min_size=8, max_size=70))
def test_no_order_of_things_breaks_a_limit_or_the_books(steps: list[Step]) -> None:
    play = Play()
    for step in steps:
        note(str(step))
        play.step(*step)  # type: ignore[arg-type]
    play.finish()
    event(f"{min(play.auditor.sent, 4)} trades sent")
    _assert_replays(play.scene.seen)


def _assert_replays(seen: Collector) -> None:
    """A fresh engine, told the same, decides the same, bit for bit."""
    fresh = Engine(NEAR_BANDS, NOON_NS)
    for number, (item, actions) in enumerate(seen.steps):
        again = fresh.on(item)
        assert [wire.encode(action) for action in again] == [wire.encode(action) for action in actions], number


def test_the_auditor_sees_trades_at_all() -> None:
    """A property that never meets a trade proves nothing."""
    play = Play()
    for asset in ("BTC", "ETH", "SOL"):
        play.step("signal", asset, 41.5, Side.LONG)
    play.step("wait", 60)
    play.step("wait", 60)
    play.step("move", "ETH", -60)
    play.step("move", "ETH", 200)
    play.finish()
    assert play.auditor.sent == 3
    assert len(play.scene.seen.of(StateChanged)) > 2
    _assert_replays(play.scene.seen)
