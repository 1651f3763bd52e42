"""Recomputes, from what the engine did and the config alone, whether a limit was broken. Knows nothing of the gate."""

from collections import defaultdict
from collections.abc import Sequence

from cockpit.config.model import CockpitConfig
from cockpit.domain import commands as asked
from cockpit.domain import events as happened
from cockpit.domain.actions import (
    AnyAction,
    CancelOrder,
    CommandAnswered,
    Decided,
    OrderChanged,
    PlaceOrder,
    TradeChanged,
)
from cockpit.domain.kinds import ExitReason, Mode, OrderRole, OrderStatus, Origin, Side, TradePhase
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import BPS, NS_PER_DAY, NS_PER_S
from cockpit.domain.verdict import Verdict
from cockpit.domain.wire import Input

OVER = (TradePhase.CLOSED, TradePhase.ABANDONED)
CENT = 1e-9
RESTS = (OrderStatus.WORKING, OrderStatus.PARTLY_FILLED)


class Auditor:
    """Follows a session as a sink, keeps its own books, and asserts at every step."""

    def __init__(self, config: CockpitConfig, mode: Mode) -> None:
        self.config = config
        self.mode = mode
        self.armed = False
        self.halted = False
        self.trades: dict[str, TradeRecord] = {}
        self.orders: dict[str, OrderProgress] = {}
        self.sent = 0
        self.realised: dict[tuple[Mode, int], float] = defaultdict(float)
        self.position: dict[tuple[str, str], float] = defaultdict(float)
        self.cash_usd = 0.0
        """What every execution brought in, less what it cost, fees included."""
        self._sent_on: dict[tuple[Mode, int], set[str]] = defaultdict(set)
        self._streak: dict[Mode, int] = defaultdict(int)
        self._unreviewed: dict[Mode, int] = defaultdict(int)
        self._tops: dict[str, happened.Top] = {}
        self._received_ns: dict[str, int] = {}
        self._readings: dict[tuple[str, ...], happened.ReadingEvent] = {}
        self._commands: dict[str, Input] = {}
        self._fill_ids: set[tuple[str, str]] = set()
        self._allowed_qty: dict[str, float] = {}
        self._cancelled: list[str] = []

    def on_input(self, item: Input) -> None:
        match item:
            case happened.Top():
                self._tops[item.asset] = item
                self._received_ns[item.asset] = max(item.ts_ns, self._received_ns.get(item.asset, 0))
            case happened.Trade():
                self._received_ns[item.asset] = max(item.ts_ns, self._received_ns.get(item.asset, 0))
            case happened.OrderFilled() if item.order_id.startswith("flatten-"):
                self._swept(item)
            case happened.OrderFilled() if (item.order_id, item.fill_id) not in self._fill_ids:
                self._fill_ids.add((item.order_id, item.fill_id))
                order = self.orders[item.order_id].request
                self.position[order.venue, order.asset] += order.side.sign * item.qty
                self._paid(order.side.sign, item)
            case happened.Positioning() | happened.FundingRate() | happened.OpenInterest() | happened.HealthFactor():
                if item.origin is not Origin.EXTERNAL:
                    key = (type(item).__name__, *(str(getattr(item, name, "")) for name in ("asset", "venue")))
                    key += (item.source,) if isinstance(item, happened.HealthFactor) else ()
                    self._readings[key] = item
            case asked.Command():
                self._commands[item.command_id] = item

    def _swept(self, fill: happened.OrderFilled) -> None:
        """A flatten of the whole venue closes what our own closes have not: it can only make a position smaller."""
        _, venue, asset, _ = fill.order_id.split("-", 3)
        held = self.position[venue, asset]
        assert fill.qty <= abs(held) + CENT, f"{fill.order_id} closed {fill.qty:g} of {held:g}"
        sign = -1 if held > 0 else 1
        self.position[venue, asset] = held + sign * fill.qty
        self._paid(sign, fill)

    def _paid(self, sign: int, fill: happened.OrderFilled) -> None:
        self.cash_usd -= sign * fill.qty * fill.price + fill.fee_usd

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        for action in actions:
            match action:
                case Decided(verdict=verdict) if verdict.sent:
                    self._audit(verdict)
                case CancelOrder(order_id=order_id):
                    self._cancelled.append(order_id)
                case PlaceOrder(order=order):
                    assert order.order_id not in self.orders, f"{order.order_id} was sent twice"
                    assert order.reduce_only or order.role is OrderRole.ENTRY
                    assert order.reduce_only or order.qty <= self._allowed_qty[order.trade_id] + CENT, order
                    self.orders[order.order_id] = OrderProgress(order)
                case OrderChanged(order=progress):
                    self.orders[progress.request.order_id] = progress
                case TradeChanged(trade=trade):
                    self._book(action.ts_ns, trade)
                case CommandAnswered() if action.ok:
                    self._obeyed(self._commands.get(action.command_id))
        self._cover()
        self._replaced()

    def open_trades(self) -> list[TradeRecord]:
        return [trade for trade in self.trades.values() if trade.phase not in OVER]

    def booked_usd(self) -> float:
        """The cash that the trades' results and what they hold at its entry price come from."""
        return sum(
            trade.pnl_usd - trade.funding_usd - trade.side.sign * trade.open_qty * trade.entry_price
            for trade in self.trades.values()
        )

    def sent_on(self, day: int) -> int:
        """How many trades of that UTC day count in the running mode: those sent whose entry was not in vain."""
        return len(self._sent_on[self.mode, day])

    def live(self, trade_id: str, role: OrderRole) -> float:
        """What the trade's orders of this role can still execute."""
        return sum(
            order.open_qty
            for order in self.orders.values()
            if order.request.trade_id == trade_id and order.request.role is role
        )

    def _obeyed(self, command: Input | None) -> None:
        match command:
            case asked.Arm():
                self.armed = True
            case asked.Disarm():
                self.armed = False
            case asked.HaltTrading() | asked.Flatten():
                self.halted, self.armed = True, False
            case asked.Resume():
                self.halted, self.armed = False, False
                self._unreviewed[self.mode] = 0
                if self._streak[self.mode] >= self.config.limits.losses_until_kill:
                    self._streak[self.mode] = 0
            case asked.SetMode() if command.mode is not self.mode:
                self.mode, self.armed = command.mode, False

    def _book(self, ts_ns: int, trade: TradeRecord) -> None:
        before = self.trades.get(trade.trade_id)
        self.trades[trade.trade_id] = trade
        self.realised[trade.mode, ts_ns // NS_PER_DAY] += trade.pnl_usd - (before.pnl_usd if before else 0.0)
        if trade.phase is TradePhase.ABANDONED:
            for sent in self._sent_on.values():
                sent.discard(trade.trade_id)
        if trade.phase is TradePhase.CLOSED and before is not None and before.phase is not TradePhase.CLOSED:
            lost = trade.pnl_usd < 0
            self._streak[trade.mode] = self._streak[trade.mode] + 1 if lost else 0
            self._unreviewed[trade.mode] = self._unreviewed[trade.mode] + 1 if lost else 0

    def _cover(self) -> None:
        """Whatever is open has a stop, sent or resting, or is on its way out."""
        for trade in self.open_trades():
            if trade.open_qty <= 0:
                continue
            if trade.phase is TradePhase.CLOSING:
                assert trade.exit_reason is not None
                continue
            stop = self.orders.get(trade.stop_order_id)
            assert stop is not None, f"{trade.trade_id} is open without a stop"
            assert stop.open_qty >= trade.open_qty - CENT, f"{trade.trade_id}: stop {stop}, open {trade.open_qty:g}"
            assert trade.side.sign * (trade.entry_price - (stop.request.trigger_price or 0.0)) <= (
                trade.entry_price * trade.stop_bps / BPS + CENT
            )

    def _replaced(self) -> None:
        """A stop is taken off only where another one rests that covers all of it, or nothing is open any more."""
        for order_id in self._cancelled:
            stop = self.orders.get(order_id)
            trade = None if stop is None else self.trades.get(stop.request.trade_id)
            if stop is None or trade is None or stop.request.role is not OrderRole.STOP or trade.open_qty <= 0:
                continue
            of_trade = [one for one in self.orders.values() if one.request.trade_id == trade.trade_id]
            others = [one for one in of_trade if one.request.role is OrderRole.STOP and one is not stop]
            rests = max((one.open_qty for one in others if one.status in RESTS), default=0.0)
            assert rests >= trade.open_qty - CENT, f"{order_id} taken off, {rests:g} of {trade.open_qty:g} covered"
        self._cancelled.clear()

    def _open_usd(self) -> float:
        total = 0.0
        for trade in self.open_trades():
            top = self._tops[trade.asset]
            price = top.bid if trade.side is Side.LONG else top.ask
            fee_bps = self.config.venues[trade.venue].taker_fee_bps
            total += trade.side.sign * (price - trade.entry_price) * trade.open_qty
            total -= price * trade.open_qty * fee_bps / BPS
        return total

    def _age_s(self, now_ns: int, kind: str, *scope: str) -> float:
        return (now_ns - self._readings[kind, *scope].ts_ns) / NS_PER_S

    def _audit(self, verdict: Verdict) -> None:
        self.sent += 1
        self._allowed_qty[str(verdict.trade_id)] = verdict.qty
        limits, proposal = self.config.limits, verdict.proposal
        day = verdict.ts_ns // NS_PER_DAY
        assert verdict.approved and self.config.enabled
        assert self.armed and not self.halted, "sent without being armed"
        assert verdict.mode is self.mode
        assert not any(trade.exit_reason is ExitReason.FLATTEN for trade in self.open_trades())
        assert verdict.notional_usd <= limits.max_notional_usd + CENT
        assert 0 < verdict.stop_bps <= limits.max_stop_bps
        assert len(self.open_trades()) < limits.max_open_trades
        assert len(self._sent_on[self.mode, day]) < limits.max_trades_per_day
        self._sent_on[self.mode, day].add(str(verdict.trade_id))
        assert self._unreviewed[self.mode] < limits.losses_until_review
        assert self._streak[self.mode] < limits.losses_until_kill
        assert self.realised[self.mode, day] > -limits.daily_loss_usd
        self._audit_size(verdict)
        self._audit_readings(verdict)
        if self.mode is Mode.TEST:
            test = self.config.modes.test
            exposure = sum(max(trade.notional_usd, trade.open_qty * trade.entry_price) for trade in self.open_trades())
            slack = 1.01  # an entry fills a little off its decision price
            assert exposure + verdict.notional_usd <= test.max_exposure_usd * slack
            assert len(self._sent_on[self.mode, day]) <= test.max_trades
            assert self.realised[self.mode, day] + min(0.0, self._open_usd()) > -test.max_session_loss_usd - CENT
        for trade in self.open_trades():
            if (trade.venue, trade.asset) == (verdict.venue, proposal.asset):
                assert trade.side is proposal.side, "long and short of one perpetual"

    def _audit_size(self, verdict: Verdict) -> None:
        proposal = verdict.proposal
        instrument = self.config.venues[verdict.venue].instruments[proposal.asset]
        lots = verdict.qty / instrument.lot
        assert abs(lots - round(lots)) < 1e-6
        assert verdict.qty >= instrument.min_qty
        assert verdict.qty * proposal.decision_price >= instrument.min_notional_usd - CENT
        factor = 1.0
        for check in verdict.checks:
            assert check.size_factor <= 1.0
            factor *= check.size_factor
        assert verdict.qty * proposal.decision_price <= proposal.requested_usd * factor + CENT
        assert verdict.stop_bps * factor <= proposal.stop_bps + CENT, "the loss at the stop grew"
        open_interest = self._readings["OpenInterest", proposal.asset, ""]
        assert isinstance(open_interest, happened.OpenInterest)
        if open_interest.change_24h_pct > self.config.gate.open_interest_reduce_above_pct:
            assert factor <= self.config.gate.open_interest_size_factor

    def _audit_readings(self, verdict: Verdict) -> None:
        gate, feeds, now_ns = self.config.gate, self.config.feeds, verdict.ts_ns
        asset, is_short = verdict.proposal.asset, verdict.proposal.side is Side.SHORT
        assert (now_ns - self._received_ns[asset]) / NS_PER_S <= feeds.stream.stand_down_after_s
        assert self._age_s(now_ns, "Positioning", asset, "") <= feeds.positioning.stand_down_after_s
        assert self._age_s(now_ns, "OpenInterest", asset, "") <= feeds.open_interest.stand_down_after_s
        rates = {}
        for venue in ("binance", "okx"):
            assert self._age_s(now_ns, "FundingRate", asset, venue) <= feeds.funding.stand_down_after_s
            rates[venue] = getattr(self._readings["FundingRate", asset, venue], "rate_bps_8h", 0.0)
        shorts = getattr(self._readings["Positioning", asset, ""], "short_pct", 0.0)
        if is_short:
            assert shorts < gate.short_pct_block_at[asset]
            assert rates["binance"] - rates["okx"] <= gate.funding_spread_longs_only_above_bps + CENT
        healths = [reading for key, reading in self._readings.items() if key[0] == "HealthFactor"]
        limit_ns = feeds.health_factor.stand_down_after_s * NS_PER_S
        recent = [reading for reading in healths if now_ns - reading.ts_ns <= limit_ns]
        assert bool(recent) == bool(healths), "traded on a health factor too old"
        for reading in recent:
            value = getattr(reading, "value", None)
            assert value is None or value >= gate.health_factor_entries_min
