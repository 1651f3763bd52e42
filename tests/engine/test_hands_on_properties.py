"""Hands on the trades in any order, between fills, cancels, gaps, restarts: never bare, looser or doubled."""

from collections.abc import Callable

from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cockpit.domain import commands as asked
from cockpit.domain import wire
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import ManualEntry
from cockpit.domain.events import OrderFilled
from cockpit.domain.kinds import Mode, OrderRole, Side, TradePhase
from cockpit.domain.personal_alarms import AlarmAction, AlarmLevel, AlarmOn
from cockpit.domain.trades import TradeRecord, Trail, TrailBy
from cockpit.domain.units import NS_PER_MS, offset_price
from cockpit.domain.verdict import Target
from cockpit.engine.ladder import nearer
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.paper.venue import PaperVenue
from tests.engine.auditor import CENT
from tests.engine.scenario import NOON_NS, PRICES, TICKS, Collector, config_with, restore_of
from tests.engine.test_engine_properties import Play

COOL_DOWN_S, COOL_DOWN_NS = 0.2, 200 * NS_PER_MS
CONFIG = config_with(
    "limits.net_profit_stop_r=50",
    "limits.max_trades_per_day=40",
    "limits.losses_until_review=20",
    "limits.losses_until_kill=30",
    f"manual.cooldown_s={COOL_DOWN_S}",
    *(f"setups.{name}.enabled=false" for name in ("btc_lower_band_long", "btc_upper_band_short", "sol_fee_fade")),
    "setups.squeeze_guard.enabled=false",
)
ASSETS = st.sampled_from(["BTC", "ETH", "SOL"])
WHICH = st.integers(0, 2)
SHARES = st.sampled_from([0.25, 1 / 3, 0.5, 0.75, 1.0])
TRAILS = st.sampled_from(
    [Trail(TrailBy.BPS, 8.0), Trail(TrailBy.BPS, 25.0), Trail(TrailBy.R, 0.5), Trail(TrailBy.RATIO, 0.4), None]
)
LADDERS = st.sampled_from([(), (Target(15.0, 100.0),), (Target(20.0, 50.0), Target(60.0, 50.0)), (Target(30.0, 40.0),)])
OPENED = st.tuples(st.just("opened"), ASSETS, st.sampled_from([60.0, 200.0, 410.0]))
READY = st.tuples(st.just("ready"))
WAIT = st.tuples(st.just("wait"), st.sampled_from([20, 50, 60, 100, 250]))
STEPS = st.one_of(
    *(OPENED, OPENED, OPENED, READY, WAIT, WAIT, WAIT),
    st.tuples(st.just("piecemeal"), ASSETS, st.sampled_from([200.0, 410.0]), st.integers(2, 4)),
    st.tuples(st.just("run"), ASSETS, st.sampled_from([2, 4, 8])),
    st.tuples(st.just("run"), ASSETS, st.sampled_from([2, 4, 8])),
    st.tuples(st.just("enter"), ASSETS, st.sampled_from([60.0, 200.0, 410.0]), st.sampled_from(Side)),
    st.tuples(st.just("enter"), ASSETS, st.sampled_from([60.0, 200.0, 410.0]), st.just(Side.LONG)),
    st.tuples(st.just("limit"), ASSETS, st.integers(-12, 6), st.sampled_from(Side), st.booleans()),
    st.tuples(st.just("close"), WHICH, SHARES),
    st.tuples(st.just("close"), WHICH, SHARES),
    st.tuples(st.just("twice")),
    st.tuples(st.just("twice")),
    st.tuples(st.just("tighter"), WHICH, st.sampled_from([1.0, 5.0, 12.0, 40.0])),
    st.tuples(st.just("price"), WHICH, st.integers(-60, 60)),
    st.tuples(st.just("between"), WHICH, st.sampled_from([0.1, 0.5, 0.9])),
    st.tuples(st.just("looser"), WHICH, st.sampled_from([1, 10])),
    st.tuples(st.just("entry"), WHICH),
    st.tuples(st.just("trail"), WHICH, TRAILS),
    st.tuples(st.just("targets"), WHICH, LADDERS),
    st.tuples(st.just("hold"), WHICH, st.sampled_from([2.0, 30.0, None])),
    st.tuples(st.just("cancel"), WHICH),
    st.tuples(st.just("reverse"), WHICH),
    st.tuples(st.just("alarm"), ASSETS, st.integers(-20, 20), st.sampled_from([AlarmAction.CLOSE, *AlarmAction])),
    st.tuples(st.just("restart")),
    st.tuples(st.just("retold"), st.integers(1, 3)),
    st.tuples(st.just("move"), ASSETS, st.integers(-30, 30)),
    st.tuples(st.just("move"), ASSETS, st.integers(-12, 12)),
    st.tuples(st.just("print"), ASSETS, st.integers(-20, 20)),
    st.tuples(st.just("gap"), ASSETS, st.integers(-150, 150)),
    st.tuples(st.just("thin"), ASSETS, st.integers(0, 5)),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 50, 60, 100, 400, 1_000, 3_000])),
    st.tuples(st.just("disarm")),
    st.tuples(st.just("halt")),
)


class HandsPlay(Play):
    """A play with hands on its trades; a restart begins a new engine on what the journal would hand it."""

    def __init__(self) -> None:
        super().__init__(CONFIG)
        self.parts: list[tuple[int, Collector]] = []
        self.part = Collector()
        self._began_ns = NOON_NS
        self._nearest: dict[str, float] = {}
        self._covered: dict[str, float] = {}
        self._last: tuple[type[asked.AnyCommand], dict[str, object]] | None = None
        self._entered_ns: dict[str, int] = {}
        self._wire(NOON_NS)
        self.scene.calm()
        self.scene.arm()

    def _wire(self, start_ns: int) -> None:
        """An engine and a venue of its own, listened to from the first input."""
        scene = self.scene
        self.part, self._began_ns = Collector(), start_ns
        self.parts.append((start_ns, self.part))
        scene.engine, scene.venue = Engine(CONFIG, start_ns), PaperVenue(CONFIG)
        sinks = [scene.seen, self.part, self.auditor]
        scene.session = Session(scene.engine, scene.venue, sinks, sinks)

    def moves(self) -> dict[str, Callable[..., object]]:
        return super().moves() | {
            "enter": lambda asset, usd, side: self._enter(ManualEntry(asset, side, amount_usd=usd)),
            "opened": self._opened,
            "piecemeal": self._piecemeal,
            "run": self._run,
            "twice": self._twice,
            "limit": self._limit,
            "close": lambda which, share: self._ask(which, asked.CloseTrade, share=share),
            "tighter": lambda which, bps: self._ask(which, asked.MoveStop, tighter_bps=bps),
            "price": self._stop_at,
            "between": self._stop_between,
            "looser": self._stop_looser,
            "entry": lambda which: self._ask(which, asked.MoveStop, to_entry=True),
            "trail": lambda which, trail: self._ask(which, asked.TrailStop, distance=trail),
            "targets": lambda which, targets: self._ask(which, asked.SetTargets, targets=targets),
            "hold": lambda which, after_s: self._ask(which, asked.SetTimeStop, after_s=after_s),
            "cancel": self._cancel,
            "reverse": self._reverse,
            "alarm": self._alarm,
            "restart": self._restart,
            "retold": self._retold,
        }

    def check(self) -> None:
        super().check()
        account = self.scene.engine.risk.accountant.account
        assert account.trades_today == self.auditor.sent_on(account.utc_day), "what counts in the day's limit"
        for trade in self.auditor.open_trades():
            self._check_stop(trade)
            self._check_cover(trade)
            closes = [one for one in self.scene.engine.book.orders_of(trade.trade_id, OrderRole.CLOSE)]
            assert trade.phase is not TradePhase.OPEN or len(closes) <= 1, "two parts at once"

    def _check_stop(self, trade: TradeRecord) -> None:
        """Once a stop was moved nearer, none that rests is ever further away again."""
        resting = [
            order.request.trigger_price or 0.0
            for order in self.scene.working(OrderRole.STOP)
            if order.request.trade_id == trade.trade_id
        ]
        if not resting or trade.phase is not TradePhase.OPEN:
            return
        best = resting[0]
        for price in resting[1:]:
            best = nearer(best, price, trade.side)
        before = self._nearest.get(trade.trade_id)
        if before is not None and (trade.stop_moved or trade.stop_at_entry):
            assert nearer(best, before, trade.side) == best, f"{trade.trade_id} stop went from {before} to {best}"
        self._nearest[trade.trade_id] = best

    def _check_cover(self, trade: TradeRecord) -> None:
        """Once a stop that rests covers a trade, one always does: what hands do to it never bares it."""
        stops = [one for one in self.scene.working(OrderRole.STOP) if one.request.trade_id == trade.trade_id]
        resting = max((stop.open_qty for stop in stops), default=0.0)
        was_covered = self._covered.get(trade.trade_id, 0.0) >= trade.open_qty - CENT
        if trade.phase is TradePhase.OPEN and trade.open_qty > 0 and was_covered:
            assert resting >= trade.open_qty - CENT, f"{trade.trade_id} was covered, now {resting:g} of {trade}"
        self._covered[trade.trade_id] = resting

    def _trade(self, which: int) -> TradeRecord | None:
        trades = self.auditor.open_trades()
        return trades[which % len(trades)] if trades else None

    def _ask(self, which: int, kind: type[asked.AnyCommand], **fields: object) -> CommandAnswered | None:
        trade = self._trade(which)
        return None if trade is None else self._once(kind, trade_id=trade.trade_id, **fields)

    def _once(self, kind: type[asked.AnyCommand], **fields: object) -> CommandAnswered:
        """With an id of its own, under which it may be asked again."""
        self._signals += 1
        self._last = (kind, fields | {"request_id": f"k{self._signals}"})
        return self.scene.command(kind, **self._last[1])

    def _twice(self) -> None:
        """The newest command once more, under the same id: nothing more is sent than there was."""
        if self._last is not None:
            self.scene.tick()  # what was to follow from before has followed
            sent = self._orders_sent()
            self.scene.command(self._last[0], **self._last[1])
            assert self._orders_sent() == sent, f"{self._last} was done twice"

    def _orders_sent(self) -> int:
        return sum(order.request.role in (OrderRole.ENTRY, OrderRole.CLOSE) for order in self.auditor.orders.values())

    def _enter(self, entry: ManualEntry) -> None:
        answer = self._once(asked.Enter, entry=entry)
        if answer.ok:
            before_ns = self._entered_ns.get(entry.asset, 0)
            assert answer.ts_ns - before_ns >= COOL_DOWN_NS, f"two entries of {entry.asset} at once"
            self._entered_ns[entry.asset] = answer.ts_ns

    def _opened(self, asset: str, usd: float) -> None:
        """A trade whose stop rests, where no limit is against it: what follows has something to act on."""
        self.scene.wait_ms(int(COOL_DOWN_S * 1_000))
        self._ready()
        self._enter(ManualEntry(asset, Side.LONG, amount_usd=usd))
        for _ in range(3):
            self.scene.wait_ms(60)

    def _piecemeal(self, asset: str, usd: float, parts: int) -> None:
        """An entry that a thin book fills in parts, each of which is looked at."""
        self.scene.wait_ms(int(COOL_DOWN_S * 1_000))
        self._ready()
        thin_qty = usd / self.prices[asset] / parts
        self.scene.quote(asset, self.prices[asset], thin_qty)
        self._enter(ManualEntry(asset, Side.LONG, amount_usd=usd))
        for _ in range(2 * parts):
            self.scene.wait_ms(60)
            self._reprice(asset, 1)
            self.scene.quote(asset, self.prices[asset], thin_qty)
            self.check()

    def _run(self, asset: str, times: int) -> None:
        """Up and up: what trails passes the entry, targets fill."""
        for _ in range(times):
            self._move(asset, 8)
            self.scene.wait_ms(60)
            self.check()

    def _limit(self, asset: str, bps: int, side: Side, post_only: bool) -> None:
        price = offset_price(self.prices[asset], side.sign * float(bps))
        self._enter(ManualEntry(asset, side, amount_usd=200.0, limit_price=price, within_s=20.0, post_only=post_only))

    def _stop_at(self, which: int, bps: int) -> None:
        trade = self._trade(which)
        if trade is not None:
            price = offset_price(self.prices[trade.asset], float(bps))
            self.scene.command(asked.MoveStop, trade_id=trade.trade_id, price=price)

    def _stop_between(self, which: int, share: float) -> None:
        """Somewhere between where it is and the price."""
        trade = self._trade(which)
        if trade is not None and trade.stop_price is not None:
            price = trade.stop_price + share * (self.prices[trade.asset] - trade.stop_price)
            self.scene.command(asked.MoveStop, trade_id=trade.trade_id, price=price)

    def _stop_looser(self, which: int, ticks: int) -> None:
        trade = self._trade(which)
        if trade is not None and trade.stop_price is not None:
            price = trade.stop_price - trade.side.sign * ticks * TICKS[trade.asset]
            assert not self.scene.command(asked.MoveStop, trade_id=trade.trade_id, price=price).ok

    def _cancel(self, which: int) -> None:
        orders = [order.request.order_id for order in self.scene.working()]
        if orders:
            self.scene.command(asked.CancelTradeOrder, order_id=orders[which % len(orders)])

    def _reverse(self, which: int) -> None:
        trade = self._trade(which)
        if trade is not None:
            entry = ManualEntry(trade.asset, trade.side.opposite, amount_usd=60.0)
            self.scene.command(asked.Reverse, trade_id=trade.trade_id, entry=entry)

    def _alarm(self, asset: str, bps: int, action: AlarmAction) -> None:
        level = round(offset_price(self.prices[asset], float(bps)) / TICKS[asset]) * TICKS[asset]
        self.scene.command(asked.SetAlarm, alarm=AlarmLevel(AlarmOn.PRICE, level, bps > 0, asset, action))

    def _retold(self, newest: int) -> None:
        """The venue tells of its newest executions once more, as after every reconnect."""
        fills = [one for one in self.part.inputs if isinstance(one, OrderFilled) and "flatten" not in one.order_id]
        for fill in fills[-newest:]:
            self.scene.feed(replace(fill, ts_ns=self.scene.now_ns))

    def _restart(self) -> None:
        self._entered_ns.clear()
        memory, trades, orders = restore_of(self.scene)
        self._wire(self.scene.now_ns)
        self.auditor.armed = False
        self.scene.feed(asked.Restore(self.scene.now_ns, "restore", "test", memory, trades, orders))
        for asset, price in self.prices.items():
            self.scene.positioning(asset, 50.0)
            self.scene.funding(asset, 0.1, 0.1)
            self.scene.open_interest(asset, 0.0)
            self.scene.move(asset, price)
        self.scene.arm()


def assert_replays(play: HandsPlay) -> None:
    """A fresh engine, told the same, decides the same, bit for bit; each engine for itself."""
    for start_ns, part in play.parts:
        fresh = Engine(CONFIG, start_ns)
        for number, (item, actions) in enumerate(part.steps):
            again = fresh.on(item)
            assert [wire.encode(action) for action in again] == [wire.encode(action) for action in actions], number


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(STEPS, min_size=20, max_size=80))
def test_no_order_of_hands_bares_loosens_doubles_or_passes_a_limit(steps: list[tuple[object, ...]]) -> None:
    play = HandsPlay()
    for step in steps:
        note(str(step))
        play.step(*step)  # type: ignore[arg-type]
    play.finish()
    event(f"{min(play.auditor.sent, 4)} trades sent")
    assert_replays(play)


def test_an_entry_that_a_flatten_took_back_is_taken_back_after_a_restart() -> None:
    """The restart came before the venue heard of it."""
    play = HandsPlay()
    play.step("limit", "BTC", 0, Side.LONG, False)
    play.scene.wait_ms(60)
    assert [order.request.role for order in play.scene.venue.working()] == [OrderRole.ENTRY]
    play.scene.command(asked.Flatten, reason="now")
    play.step("restart")
    play.finish()


def test_entries_fill_in_parts_at_all() -> None:
    play = HandsPlay()
    play.step("piecemeal", "ETH", 200.0, 3)
    play.step("retold", 2)
    (trade,) = play.auditor.open_trades()
    entry = play.auditor.orders[trade.entry_order_id]
    assert len(entry.fill_ids) > 1 and trade.open_qty == entry.filled_qty
    play.finish()
    assert_replays(play)


def test_the_hands_reach_their_trades_at_all() -> None:
    """A property that never meets a trade proves nothing."""
    play = HandsPlay()
    play.step("enter", "ETH", 200.0, Side.LONG)
    play.step("wait", 250)
    play.step("tighter", 0, 5.0)
    play.step("wait", 250)
    play.step("close", 0, 0.5)
    play.step("wait", 250)
    play.step("trail", 0, Trail(TrailBy.BPS, 8.0))
    play.step("move", "ETH", 12)
    play.step("restart")
    play.step("wait", 1_000)
    play.step("move", "ETH", 8)
    play.step("wait", 1_000)
    answers = [one for one in play.scene.seen.of(CommandAnswered) if one.command not in ("arm", "restore")]
    assert [one.ok for one in answers] == [True] * len(answers), answers
    (trade,) = play.auditor.open_trades()
    assert trade.stop_moved and trade.exit_qty > 0 and trade.mode is Mode.PAPER
    play.finish()
    assert_replays(play)
    assert set(PRICES) == set(play.prices)
