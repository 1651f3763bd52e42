"""One open trade in the operator's hands: parts of it, its stop, its targets, its time; and the stop that trails.

Whoever calls has looked whether it may be done. A trailing stop rests on the venue and never goes back.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import inf

from msgspec.structs import replace

from cockpit.config.venues import Instrument
from cockpit.domain.kinds import ExitReason, OrderRole, Side, TradePhase
from cockpit.domain.numbers import price_text
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord, Trail, TrailBy
from cockpit.domain.units import BPS, NS_PER_S, ns_to_seconds, seconds_to_ns
from cockpit.domain.verdict import Target
from cockpit.engine import booking, ladder
from cockpit.engine.ladder import TargetLadder, nearer, on_grid
from cockpit.engine.order_manager import OrderManager
from cockpit.engine.outbox import Outbox
from cockpit.engine.stop_coverage import ProtectiveStop

TRAIL_AGAIN_NS = 5 * NS_PER_S
"""A trailing stop that the venue refused to move is tried again after so long."""
TARGET_AGAIN_NS = 5 * NS_PER_S
"""So is a watched target that was not sold at its price: for each try the stop leaves for a moment."""


class TradeByHand(ABC):
    """The part of a trade's life that the operator asks for. `TradeLife` is the rest of it, and has what this needs."""

    record: TradeRecord
    _instrument: Instrument
    _orders: OrderManager
    _targets: TargetLadder
    _stop: ProtectiveStop
    _exit_price: Callable[[TradeRecord], float | None]
    _is_watched_elsewhere: bool
    _trail_step_bps: float

    def __init__(self) -> None:
        self._best: float | None = None
        """The best print since its stop trails that asks for a nearer one."""
        self._trail_again_ns = 0
        self._target_again_ns = 0
        self._dropped: set[str] = set()
        """Targets that were taken back by hand, and are not wanted again."""

    @abstractmethod
    def close(self, reason: ExitReason, detail: str, out: Outbox) -> None:
        """Leave at market now."""

    @abstractmethod
    def _emit(self, change: str, out: Outbox) -> None:
        """Say what changed."""

    @abstractmethod
    def _send_close(self, qty: float, out: Outbox) -> None:
        """So much leaves at market, reduce-only."""

    @abstractmethod
    def _resize_stop(self, out: Outbox) -> None:
        """The stop follows the size."""

    @abstractmethod
    def _ask_position(self, out: Outbox) -> None:
        """Ask what is really held."""

    def part_of(self, share: float) -> float:
        """A share of what is open in whole lots, rounded to the nearest; more than nothing stays nothing."""
        return booking.whole_lots(self.record.open_qty * share, self._instrument.lot)

    def close_part(self, qty: float, out: Outbox) -> None:
        """Take so much off at market. Its stop follows once that is done, and its targets are laid anew."""
        self._targets.take_back(self.record, out)
        self.record = replace(self.record, relays_targets=bool(self.record.targets))
        self._emit("closing_part", out)
        self._send_close(qty, out)

    def stop_price_for(self, price: float | None, tighter_bps: float | None) -> float:
        """Where a stop would be: at that price, so many bps of the entry nearer, or at the entry with its fees."""
        record, tick_usd = self.record, self._instrument.tick_usd
        if tighter_bps is not None and record.stop_price is not None:
            price = record.stop_price + record.side.sign * record.entry_price * tighter_bps / BPS
        return self._stop.breakeven_price(record) if price is None else ladder.on_grid(price, record.side, tick_usd)

    def is_through(self, stop_price: float) -> float | None:
        """The price that a stop there would be behind of already; None where it would rest."""
        price = self._exit_price(self.record)
        if price is None or self.record.side.sign * (price - stop_price) > 0:
            return None
        return price

    def move_stop(self, price: float, out: Outbox, at_entry: bool = False) -> None:
        """A nearer stop takes the place of the one that rests, which goes once the new one does."""
        self.record = self._stop.moved(self.record, price, out, at_entry)
        self._emit("stop_moved", out)

    def set_trail(self, trail: Trail | None, out: Outbox) -> None:
        """From now on the stop follows the price, or stays where it is."""
        self._best = None
        self.record = replace(self.record, trail=trail)
        self._emit("trailing" if trail is not None else "not_trailing", out)
        price = self._exit_price(self.record)
        if trail is not None and price is not None:
            self.on_price(price, out)

    def on_price(self, price: float, out: Outbox) -> None:
        """A print of its asset: a trailing stop follows it, one step after the other, each once the last one rests.

        Before that a target that is watched is sold.
        """
        self._take_target(price, out)
        record = self.record
        if record.trail is None or record.phase is not TradePhase.OPEN or record.open_qty <= 0:
            return
        self._best = price if self._best is None else ladder.nearer(self._best, price, record.side)
        if not record.stop_rests_on_venue or out.now_ns < self._trail_again_ns:
            return
        wanted = followed(record, self._best, self._instrument.tick_usd, self._trail_step_bps)
        if wanted is not None:
            self.record = self._stop.moved(record, wanted, out)
            self._emit("stop_trailed", out)

    @property
    def waits_for_price(self) -> bool:
        """Whether a print may move its stop or reach a target that is watched."""
        return self.record.trail is not None or self._instrument.is_spot

    @property
    def wakes_at(self) -> float:
        """No print short of this moves its trailing stop, or reaches a target that is watched."""
        trails_at = wakes_at(self.record, self._instrument.tick_usd, self._trail_step_bps)
        if not self._instrument.is_spot:
            return trails_at
        return min([trails_at, *(self._print_at(rung.price) for rung in self.record.rungs if not rung.order_id)])

    def _take_target(self, price: float, out: Outbox) -> None:
        """On spot the stop holds the coins that a target would sell, so that none rests: each is watched, and sold at
        its price once that is reached, one at a time.
        """
        record = self.record
        is_ready = record.phase is TradePhase.OPEN and record.stop_rests_on_venue and not record.relays_targets
        if not self._instrument.is_spot or not is_ready or record.open_qty <= 0 or out.now_ns < self._target_again_ns:
            return
        if any(
            order.request.role in (OrderRole.CLOSE, OrderRole.TARGET)
            for order in self._orders.of_trade(record.trade_id)
        ):
            return
        taken = self._targets.taken(record, price / self._basis, out)
        if taken is not None:
            self.record = taken
            self._emit("target_reached", out)

    def _print_at(self, price: float) -> float:
        """What the watched market prints while the venue trades at this price."""
        return price * self._basis

    @property
    def _basis(self) -> float:
        """The watched market's price over the venue's, as they were at the entry; 1 where they are the same."""
        record = self.record
        if not self._is_watched_elsewhere or record.decision_price <= 0 or record.entry_price <= 0:
            return 1.0
        return record.decision_price / record.entry_price

    def _watch_target_again(self, target: OrderProgress, out: Outbox) -> None:
        """What was to be sold at a target's price was not, or not all of it."""
        self._target_again_ns = out.now_ns + TARGET_AGAIN_NS
        self.record = self._targets.watched_again(self.record, target)
        what = f"{self.record.trade_id} target at {price_text(target.request.limit_price or 0.0)}"
        left = f"{target.filled_qty:g} of {target.request.qty:g} {self.record.asset} sold"
        out.notice("info", "target", f"{what}: {left}, {target.status.value}: {target.detail}: watched again")
        self._emit("targets_watched", out)

    def set_targets(self, targets: tuple[Target, ...], out: Outbox) -> None:
        """Other targets over what is open, laid once those there are gone."""
        self._targets.take_back(self.record, out)
        live = tuple(rung for rung in self.record.rungs if self._orders.is_live(rung.order_id))
        was_laid = bool(self.record.rungs) or self.record.relays_targets
        self.record = replace(self.record, targets=targets, rungs=live, relays_targets=was_laid and bool(targets))
        self._emit("targets_changed", out)
        self._relay_targets(out)

    def set_time_stop(self, after_s: float | None, out: Outbox) -> None:
        """Close it so long from now, or never by time alone."""
        due_ns = None if after_s is None else out.now_ns + seconds_to_ns(after_s)
        held_ns = 0 if due_ns is None else due_ns - (self.record.opened_ns or out.now_ns)
        hold_s = None if due_ns is None else round(ns_to_seconds(held_ns), 1)
        self.record = replace(self.record, time_stop_ns=due_ns, max_hold_s=hold_s)
        self._emit("time_stop_set" if due_ns is not None else "time_stop_gone", out)

    def cancel_order(self, order: OrderProgress, out: Outbox) -> None:
        """Take a resting entry or one target back."""
        self._orders.cancel(order.request.order_id, out)
        if order.request.role is OrderRole.TARGET:
            self._dropped.add(order.request.order_id)

    def _relay_targets(self, out: Outbox) -> None:
        """Once what was to leave has left and the old targets are gone, the ladder goes out over what is open."""
        record = self.record
        is_due = record.relays_targets and record.phase is TradePhase.OPEN and record.stop_rests_on_venue
        closes = self._orders.of_trade(record.trade_id, OrderRole.CLOSE)
        if is_due and not closes and self._targets.are_gone(record):
            self.record = self._targets.relaid(record, out)
            self._emit("targets_placed", out)

    def _on_part_gone(self, progress: OrderProgress, out: Outbox) -> None:
        """A part that was to leave has not, or not all of it: it is said, and what is held is asked for. No more."""
        what = f"{self.record.trade_id} part not closed, {self.record.open_qty:g} {self.record.asset} still open"
        out.notice("critical", "close", f"{what}: {progress.status.value} by {self.record.venue}: {progress.detail}")
        if progress.filled_qty > 0:
            self._resize_stop(out)
        self._ask_position(out)
        self._relay_targets(out)

    def _on_move_refused(self, was: TradeRecord, kept: TradeRecord, stop: OrderProgress, out: Outbox) -> None:
        """The older stop still rests and counts again. Where the price is through the newer one already, it leaves."""
        self.record = kept
        self._trail_again_ns = out.now_ns + TRAIL_AGAIN_NS
        wanted = was.stop_price or 0.0
        through = self.is_through(wanted)
        what = f"{was.trade_id} stop not moved to {price_text(wanted)}: {stop.status.value}: {stop.detail}"
        out.notice("warning", "stop", f"{what}: it stays at {price_text(kept.stop_price or 0.0)}")
        self._emit("stop_kept", out)
        if through is not None:
            reason = ExitReason.TRAILING_STOP if was.trail is not None else ExitReason.STOP
            self.close(reason, f"the price {price_text(through)} is through the stop at {price_text(wanted)}", out)


def stop_behind(trade: TradeRecord, trail: Trail, price: float) -> float | None:
    """Where the stop belongs at this price, off the grid; None where a share of the profit is kept and there is none.

    So many bps of the price, so many times the first stop's distance, or such a share of the open profit behind it.
    """
    sign = trade.side.sign
    match trail.by:
        case TrailBy.BPS:
            return price * (1.0 - sign * trail.distance / BPS)
        case TrailBy.R:
            return price - sign * trail.distance * abs(trade.entry_price - trade.initial_stop_price)
        case TrailBy.RATIO:
            gain = price - trade.entry_price
            return price - trail.distance * gain if sign * gain > 0 else None


def followed(trade: TradeRecord, price: float, tick_usd: float, step_bps: float) -> float | None:
    """The stop that this price asks for, on the grid; None where that is less than a step nearer than it is."""
    if trade.trail is None or trade.stop_price is None:
        return None
    behind = stop_behind(trade, trade.trail, price)
    if behind is None:
        return None
    wanted, sign = on_grid(behind, trade.side.opposite, tick_usd), trade.side.sign
    return wanted if sign * (wanted - trade.stop_price) >= _step_usd(trade.stop_price, tick_usd, step_bps) else None


def wakes_at(trade: TradeRecord, tick_usd: float, step_bps: float) -> float:
    """No price short of it moves the stop; endlessly far where nothing is trailed."""
    away = inf if trade.side is Side.LONG else -inf
    trail, sign = trade.trail, trade.side.sign
    if trail is None or trade.stop_price is None or trade.open_qty <= 0:
        return away
    wanted = trade.stop_price + sign * _step_usd(trade.stop_price, tick_usd, step_bps)
    match trail.by:
        case TrailBy.BPS:
            return wanted / (1.0 - sign * trail.distance / BPS)
        case TrailBy.R:
            return wanted + sign * trail.distance * abs(trade.entry_price - trade.initial_stop_price)
        case TrailBy.RATIO:
            kept = wanted - trail.distance * trade.entry_price
            beyond = kept / (1.0 - trail.distance)
            return trade.entry_price if nearer(beyond, trade.entry_price, trade.side) != beyond else beyond


def _step_usd(price: float, tick_usd: float, step_bps: float) -> float:
    return max(tick_usd, price * step_bps / BPS)
