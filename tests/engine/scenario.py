"""A stage for the rules: the real engine on the real paper venue, driven by prints, tops, readings and commands."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.domain import commands as asked
from cockpit.domain import events as happened
from cockpit.domain.account import Account, EngineMemory
from cockpit.domain.actions import (
    AnyAction,
    CancelOrder,
    CommandAnswered,
    Decided,
    MemoryChanged,
    Notice,
    OrderChanged,
    PlaceOrder,
    StateChanged,
    TradeChanged,
)
from cockpit.domain.commands import AnyCommand
from cockpit.domain.events import AnyEvent
from cockpit.domain.kinds import EngineState, Mode, OrderRole, Origin, TradePhase
from cockpit.domain.orders import OrderProgress, OrderRequest
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_MS, NS_PER_S, seconds_to_ns
from cockpit.domain.verdict import Verdict
from cockpit.domain.wire import Input
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.paper.venue import PaperVenue

SHIPPED_CONFIG = Path(__file__).resolve().parents[2] / "config" / "tactical_scalp_config.json"
NOON_NS = 1_760_875_200_000_000_000
"""2025-10-19 12:00:00 UTC."""
PRICES = {"BTC": 108_402.0, "ETH": 4_000.0, "SOL": 190.0, "XRP": 2.4}
TICKS = {"BTC": 0.1, "ETH": 0.01, "SOL": 0.01, "XRP": 0.0001}
DEEP = 1_000.0
OVER = (TradePhase.CLOSED, TradePhase.ABANDONED)
ARBITRAGE = "Cross-Exchange Arbitrage"
MOMENTUM = "Momentum Signal"

A = TypeVar("A")


def config_with(*overrides: str) -> CockpitConfig:
    """The shipped rules with overrides, without the market context: only what a scenario says is known."""
    config = load_config(SHIPPED_CONFIG, overrides)
    return config.model_copy(update={"market_context": type(config.market_context)()})


class Collector:
    """Keeps everything that entered an engine and everything it decided, each action after its input."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.actions: list[AnyAction] = []
        self.steps: list[tuple[Input, list[AnyAction]]] = []
        self._trades: dict[str, TradeRecord] = {}
        self._indexed = 0

    def on_input(self, item: Input) -> None:
        self.inputs.append(item)
        self.steps.append((item, []))

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        self.actions.extend(actions)
        self.steps[-1][1].extend(actions)

    def of(self, kind: type[A]) -> list[A]:
        return [action for action in self.actions if isinstance(action, kind)]

    @property
    def trades(self) -> dict[str, TradeRecord]:
        """Every trade in its last state, oldest first. Only what came since the last time is gone through."""
        for action in self.actions[self._indexed :]:
            if isinstance(action, TradeChanged):
                self._trades[action.trade.trade_id] = action.trade
        self._indexed = len(self.actions)
        return self._trades


class Stage:
    """What scenarios say and ask; `feed` decides whether a paper venue stands behind the engine."""

    def __init__(self, config: CockpitConfig, *, mode: Mode = Mode.PAPER, start_ns: int = NOON_NS) -> None:
        self.config = config
        self.now_ns = start_ns
        self.seen = Collector()
        self.engine = Engine(config, start_ns, mode)
        self._commands = 0
        self._prints = 0
        self._tops: dict[str, tuple[float, float]] = {}
        self._readings: dict[tuple[str, str], happened.ReadingEvent] = {}

    def feed(self, item: Input) -> None:
        self.seen.on_input(item)
        actions = self.engine.on(item)
        if actions:
            self.seen.on_actions(actions)

    # What happens outside.

    def calm(self, *assets: str) -> None:
        """Every reading fresh and harmless, a book and a print for each asset (all four by default)."""
        for asset in assets or PRICES:
            self.positioning(asset, 50.0)
            self.funding(asset, 0.1, 0.1)
            self.open_interest(asset, 0.0)
            self.quote(asset, PRICES[asset])
            self.trade(asset, PRICES[asset])

    def top(self, asset: str, bid: float, ask: float, qty: float = DEEP, venue: str = "binance") -> None:
        self._tops[asset] = (bid, ask)
        self.feed(happened.Top(self.now_ns, self.now_ns, venue, asset, bid, qty, ask, qty))

    def quote(self, asset: str, price: float, qty: float = DEEP) -> None:
        """A book of one tick around the price."""
        self.top(asset, price, round(price + TICKS[asset], 4), qty)

    def trade(self, asset: str, price: float, qty: float = 5.0, buys: bool = True) -> None:
        self._prints += 1
        self.feed(happened.Trade(self.now_ns, self.now_ns, "binance", asset, price, qty, buys, self._prints))

    def move(self, asset: str, price: float) -> None:
        """The market is at this price now: the book first, then a print on it."""
        self.quote(asset, price)
        self.trade(asset, price)

    def positioning(self, asset: str, short_pct: float, origin: Origin = Origin.FEED) -> None:
        self._reading(happened.Positioning(self.now_ns, asset, "binance", 100.0 - short_pct, short_pct, origin))

    def funding(self, asset: str, binance: float, okx: float) -> None:
        for venue, rate_bps in (("binance", binance), ("okx", okx)):
            self._reading(happened.FundingRate(self.now_ns, asset, venue, rate_bps))

    def open_interest(self, asset: str, change_pct: float) -> None:
        self._reading(happened.OpenInterest(self.now_ns, asset, "binance", change_pct))

    def health(self, value: float | None, source: str = "rpc1", origin: Origin = Origin.FEED) -> None:
        self._reading(happened.HealthFactor(self.now_ns, source, value, origin=origin))

    def tick(self) -> None:
        self.feed(happened.Tick(self.now_ns))

    def wait_ms(self, ms: float) -> None:
        self.now_ns += round(ms * NS_PER_MS)
        self.tick()

    def wait_s(self, seconds: float, *, fresh: bool = True) -> None:
        """Let time pass second by second, with the last books and readings (`fresh`) repeated as a feed would."""
        until_ns = self.now_ns + seconds_to_ns(seconds)
        while self.now_ns < until_ns:
            self.now_ns = min(until_ns, (self.now_ns // NS_PER_S + 1) * NS_PER_S)
            self.tick()
            if fresh:
                self._repeat()

    def wait_until(self, ts_ns: int, *, fresh: bool = True) -> None:
        self.wait_s((ts_ns - self.now_ns) / NS_PER_S, fresh=fresh)

    def _repeat(self) -> None:
        for asset, (bid, ask) in self._tops.items():
            self.top(asset, bid, ask)
        if self.now_ns // NS_PER_S % 30 == 0:
            for key, reading in list(self._readings.items()):
                if key[0] != "HealthFactor":
                    self._reading(type(reading)(self.now_ns, *list(_fields(reading))[1:]))

    def _reading(self, reading: happened.ReadingEvent) -> None:
        scope = f"{getattr(reading, 'asset', '')}.{getattr(reading, 'venue', '')}"
        if reading.origin is not Origin.EXTERNAL:
            self._readings[type(reading).__name__, scope] = reading
        self.feed(reading)

    def forget(self, kind: str) -> None:
        """This kind of reading is repeated no more: its feed has died."""
        self._readings = {key: reading for key, reading in self._readings.items() if key[0] != kind}

    # What is commanded.

    def command(self, kind: type[AnyCommand], **fields: object) -> CommandAnswered:
        self._commands += 1
        self.feed(kind(self.now_ns, f"c{self._commands}", "test", **fields))  # type: ignore[call-arg]
        return self.seen.of(CommandAnswered)[-1]

    def arm(self) -> CommandAnswered:
        return self.command(asked.Arm)

    def flatten(self, reason: str = "asked") -> CommandAnswered:
        return self.command(asked.Flatten, reason=reason)

    def resume(self, reason: str = "reviewed the losses") -> CommandAnswered:
        return self.command(asked.Resume, reason=reason)

    def signal(
        self, asset: str = "ETH", amount_usd: float = 41.5, strategy: str = ARBITRAGE, **fields: object
    ) -> CommandAnswered:
        fields.setdefault("mode", self.engine.risk.accountant.mode)
        return self.command(asked.Signal, strategy=strategy, asset=asset, amount_usd=amount_usd, **fields)

    # What is seen.

    @property
    def state(self) -> EngineState:
        return self.engine.risk.state

    @property
    def account(self) -> Account:
        return self.engine.risk.accountant.account

    @property
    def verdict(self) -> Verdict:
        """The last verdict."""
        return self.seen.of(Decided)[-1].verdict

    @property
    def states(self) -> list[EngineState]:
        """The states gone through."""
        return [change.after for change in self.seen.of(StateChanged) if change.after is not change.before]

    @property
    def trades(self) -> dict[str, TradeRecord]:
        """Every trade in its last state, oldest first."""
        return dict(self.seen.trades)

    @property
    def last_trade(self) -> TradeRecord:
        return self.seen.trades[next(reversed(self.seen.trades))]

    def placed(self, role: OrderRole | None = None) -> list[OrderRequest]:
        return [sent.order for sent in self.seen.of(PlaceOrder) if role in (None, sent.order.role)]

    def notices(self, severity: str, topic: str | None = None) -> list[str]:
        found = [notice for notice in self.seen.of(Notice) if notice.severity == severity]
        return [notice.sentence for notice in found if topic in (None, notice.topic)]

    def check(self, name: str) -> str:
        """One check of the last verdict, as `outcome: sentence`."""
        check = next(check for check in self.verdict.checks if check.name == name)
        return f"{check.outcome.value}: {check.sentence}"


class Scenario(Stage):
    """A stage with a paper venue behind the engine; armed and calm unless told otherwise."""

    def __init__(
        self,
        config: CockpitConfig,
        *,
        mode: Mode = Mode.PAPER,
        start_ns: int = NOON_NS,
        armed: bool = True,
        calm: bool = True,
    ) -> None:
        super().__init__(config, mode=mode, start_ns=start_ns)
        self.venue = PaperVenue(config)
        self.session = Session(self.engine, self.venue, [self.seen], [self.seen])
        if calm:
            self.calm()
        if armed:
            self.arm()

    def feed(self, item: Input) -> None:
        self.session.feed(item)

    def open_trade(self, asset: str = "ETH", amount_usd: float = 41.5, **fields: object) -> TradeRecord:
        """A signal's trade, from the word go to stop and targets resting."""
        answer = self.signal(asset, amount_usd, **fields)
        assert answer.ok, answer.sentence
        for _ in range(4):
            self.wait_ms(60)
        trade = self.trades[answer.trade_id or ""]
        assert trade.phase is TradePhase.OPEN and trade.stop_rests_on_venue, trade
        return trade

    def lose(self, asset: str = "ETH", amount_usd: float = 41.5) -> TradeRecord:
        """A trade that is opened and stopped out; the market comes back afterwards."""
        trade = self.open_trade(asset, amount_usd)
        assert trade.stop_price is not None
        self.move(asset, round(trade.stop_price - trade.side.sign * TICKS[asset], 4))
        closed = self.settled(trade)
        self.move(asset, PRICES[asset])
        assert closed.pnl_usd < 0, closed
        return closed

    def win(self, asset: str = "ETH", amount_usd: float = 41.5) -> TradeRecord:
        """A trade whose whole ladder fills; the market comes back afterwards."""
        trade = self.open_trade(asset, amount_usd)
        self.move(asset, round(max(rung.price for rung in trade.rungs) + TICKS[asset], 4))
        closed = self.settled(trade)
        self.move(asset, PRICES[asset])
        assert closed.pnl_usd > 0, closed
        return closed

    def settled(self, trade: TradeRecord) -> TradeRecord:
        """The trade after everything under way has reached the venue and come back."""
        for _ in range(6):
            self.wait_ms(60)
        return self.trades[trade.trade_id]

    def position(self, asset: str = "ETH") -> float:
        return self.venue.position("okx", asset)

    def working(self, role: OrderRole | None = None) -> list[OrderProgress]:
        return [order for order in self.venue.working() if role in (None, order.request.role)]

    def is_flat(self) -> bool:
        """No position and no order anywhere on the venue."""
        held = [self.venue.position(venue, asset) for venue in self.config.venues for asset in PRICES]
        return not any(held) and not self.venue.working()


class Bare(Stage):
    """A stage without a venue: the test itself says what the venue answers."""

    def __init__(self, config: CockpitConfig, *, mode: Mode = Mode.PAPER, start_ns: int = NOON_NS) -> None:
        super().__init__(config, mode=mode, start_ns=start_ns)
        self._fills = 0
        self.calm()
        self.arm()

    def accept(self, order: OrderRequest | str) -> None:
        order_id = order if isinstance(order, str) else order.order_id
        self.feed(happened.OrderAccepted(self.now_ns, order_id, f"venue-{order_id}"))

    def cancels(self) -> list[str]:
        return [action.order_id for action in self.seen.of(CancelOrder)]

    def reject(self, order: OrderRequest, reason: str) -> None:
        self.feed(happened.OrderRejected(self.now_ns, order.order_id, reason))

    def cancelled(self, order: OrderRequest, reason: str = "cancelled on request") -> None:
        self.feed(happened.OrderCancelled(self.now_ns, order.order_id, reason))

    def fill(self, order: OrderRequest, price: float, qty: float | None = None, fill_id: str = "") -> str:
        self._fills += 1
        fill_id = fill_id or f"f{self._fills}"
        size = order.qty if qty is None else qty
        fee_usd = size * price * 5.0 / 10_000.0
        self.feed(happened.OrderFilled(self.now_ns, order.order_id, fill_id, size, price, fee_usd, False))
        return fill_id

    def inferred(self, price: float = 4_000.0) -> OrderRequest:
        """The entry of a trade that a position has shown, as its answer was lost; its stop rests."""
        assert self.signal("ETH").ok
        entry = self.placed(OrderRole.ENTRY)[-1]
        self.feed(happened.OrderUnknown(self.now_ns, entry.order_id, "timed out"))
        self.feed(happened.FillInferred(self.now_ns, entry.order_id, entry.qty, price))
        self.accept(self.placed(OrderRole.STOP)[-1])
        return entry

    def opened(self, asset: str = "ETH", price: float = 4_000.0) -> TradeRecord:
        """A trade open at `price` with its stop and targets resting."""
        answer = self.signal(asset)
        assert answer.ok, answer.sentence
        entry = self.placed(OrderRole.ENTRY)[-1]
        self.accept(entry)
        self.fill(entry, price)
        self.accept(self.placed(OrderRole.STOP)[-1])
        for target in self.placed(OrderRole.TARGET)[-3:]:
            self.accept(target)
        return self.last_trade


def _fields(event: AnyEvent) -> Iterable[object]:
    return (getattr(event, name) for name in event.__struct_fields__)


def restore_of(stage: Stage) -> tuple[EngineMemory, tuple[TradeRecord, ...], tuple[OrderProgress, ...]]:
    """What the journal would hand a restarted engine: the memory, the trades not over, their orders and live others."""
    memory = stage.seen.of(MemoryChanged)[-1].memory
    trades = tuple(trade for trade in stage.trades.values() if trade.phase not in OVER)
    open_ids = {trade.trade_id for trade in trades}
    progress = {change.order.request.order_id: change.order for change in stage.seen.of(OrderChanged)}
    kept = [order for order in progress.values() if order.request.trade_id in open_ids or not order.status.is_final]
    return memory, trades, tuple(kept)


def restarted(stage: Scenario) -> Scenario:
    """A new engine and a new paper venue that go on where this stage stopped, as after a crash."""
    memory, trades, orders = restore_of(stage)
    after = Scenario(stage.config, start_ns=stage.now_ns, armed=False, calm=False)
    after.command(asked.Restore, memory=memory, trades=trades, orders=orders)
    after.calm()
    return after
