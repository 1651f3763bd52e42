"""What a person does between the setups: entries by hand, and everything there is to do to one trade.

Exits are never gated and work in every state. What opens risk (an entry, the second half of a reverse, an adoption)
goes before the gate, only while armed, and is refused when it comes late.
"""

from collections.abc import Callable, Mapping
from typing import Any

from cockpit.domain import commands as asked
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import Command
from cockpit.domain.kinds import EngineState, ExitReason, OrderRole, TradePhase
from cockpit.domain.numbers import price_text
from cockpit.domain.personal_alarms import AlarmAction, AlarmLevel
from cockpit.domain.trades import TradeRecord, Trail, TrailBy
from cockpit.domain.units import seconds_to_ns
from cockpit.domain.verdict import Target
from cockpit.engine.adoption import Adoption
from cockpit.engine.answered_ids import Answer, AnsweredIds, late_text
from cockpit.engine.book import TradeBook
from cockpit.engine.manual_entries import ManualEntries
from cockpit.engine.outbox import Outbox
from cockpit.engine.personal_alarms import PersonalAlarms
from cockpit.engine.risk import Risk
from cockpit.engine.trade_life import TradeLife

Step = Callable[[Any, Outbox], None]
Do = Callable[[Any, Outbox], Answer]
REVERSES_WITHIN_NS = seconds_to_ns(10.0)
"""The entry of a reverse that names no expiry: so long the close may take."""
WHOLE_PCT = 100.01


class HandsOn:
    """Every command of the hands: done once for each id, and answered with what was done."""

    def __init__(
        self,
        book: TradeBook,
        risk: Risk,
        manual: ManualEntries,
        adoption: Adoption,
        alarms: PersonalAlarms,
        answered: AnsweredIds,
    ) -> None:
        self.alarms = alarms
        self._book = book
        self._risk = risk
        self._manual = manual
        self._adoption = adoption
        self._ids = answered
        self._reversals: dict[str, asked.Enter] = {}
        self._flat: list[str] = []

    def steps(self) -> Mapping[type, Step]:
        """What the machine calls for each command."""
        return {
            asked.Enter: self._answering(self._manual.enter),
            asked.Adopt: self._once(self._adoption.adopt),
            asked.Reverse: self._once(self._reverse),
            asked.CloseTrade: self._once(self._of_trade(self._close)),
            asked.MoveStop: self._once(self._of_trade(self._move_stop)),
            asked.TrailStop: self._once(self._of_trade(self._trail)),
            asked.SetTargets: self._once(self._of_trade(self._set_targets)),
            asked.SetTimeStop: self._once(self._of_trade(self._set_time_stop)),
            asked.CancelTradeOrder: self._once(self._cancel_order),
            asked.SetAlarm: self._once(self.alarms.set),
            asked.DropAlarm: self._once(self.alarms.drop),
        }

    # What follows from what happens.

    def on_trade_change(self, trade: TradeRecord) -> None:
        """A trade that was to be reversed is over."""
        if trade.trade_id in self._reversals and trade.phase in (TradePhase.CLOSED, TradePhase.ABANDONED):
            self._flat.append(trade.trade_id)

    def go_on(self, out: Outbox) -> None:
        """Put the other side of what is flat now before the gate."""
        while self._flat:
            trade_id = self._flat.pop(0)
            entry = self._reversals.pop(trade_id)
            answer = self._manual.enter(entry, out, is_reverse=True)
            severity = "info" if answer.ok else "warning"
            out.notice(severity, "reverse", f"{trade_id} is flat: {entry.entry.side.value}: {answer.sentence}")

    def shed(self, rung: list[AlarmLevel], out: Outbox) -> None:
        """What the alarms that rang were to do."""
        for level in rung:
            detail = f"alarm {level.alarm_id}: {level.text}"
            if level.action is AlarmAction.FLATTEN:
                self._risk.kill("flatten", detail, out, flatten=False)
                self._risk.flatten(detail, out)
            elif level.action is AlarmAction.DISARM:
                self._risk.armed = False
                self._risk.announce(out)
            elif level.action is AlarmAction.CLOSE:
                for trade in self._book.trades:
                    if level.asset in ("", trade.record.asset):
                        trade.close(ExitReason.MANUAL, detail, out)

    # One trade.

    def _close(self, command: asked.CloseTrade, trade: TradeLife, out: Outbox) -> Answer:
        record, by = trade.record, f"closed by {command.by}" + (f": {command.reason}" if command.reason else "")
        if not 0.0 < command.share <= 1.0:
            return Answer(False, f"expected a share over 0 and at most 1, was {command.share:g}")
        if record.phase is TradePhase.CLOSING:
            return Answer(True, f"{record.trade_id} is closing already: {record.exit_detail}", trade_id=record.trade_id)
        qty = trade.part_of(command.share)
        if command.share == 1.0 or qty >= record.open_qty > 0:
            trade.close(ExitReason.MANUAL, by, out)
            what = f"{record.open_qty:g} {record.asset} at market" if record.open_qty else "its entry is taken back"
            return Answer(True, f"closing {record.trade_id}: {what}", trade_id=record.trade_id)
        if record.phase is not TradePhase.OPEN or record.open_qty <= 0:
            return Answer(False, f"{record.trade_id} is {record.phase.value}: there is nothing to take a part of")
        under_way = self._book.orders_of(record.trade_id, OrderRole.CLOSE)
        if under_way:
            first = under_way[0].request
            what = f"{first.qty:g} {record.asset} already ({first.order_id})"
            return Answer(False, f"{record.trade_id} is closing {what}: one part at a time")
        if qty <= 0:
            whole = f"{record.open_qty:g} {record.asset}"
            return Answer(False, f"{command.share:.0%} of {whole} is less than one lot: close it whole, or leave it")
        trade.close_part(qty, out)
        left = record.open_qty - qty
        what = f"closing {qty:g} of {record.open_qty:g} {record.asset} of {record.trade_id} at market, {left:g} stay"
        return Answer(True, what, trade_id=record.trade_id)

    def _move_stop(self, command: asked.MoveStop, trade: TradeLife, out: Outbox) -> Answer:
        record = trade.record
        named = [command.price is not None, command.tighter_bps is not None, command.to_entry]
        if sum(named) != 1:
            return Answer(False, f"expected one of a price, bps nearer and the entry, was {sum(named)}")
        refusal = _not_open(record)
        if refusal or record.stop_price is None:
            return Answer(False, refusal or f"{record.trade_id} has no stop yet: it is on its way")
        price = trade.stop_price_for(command.price, command.tighter_bps)
        was = price_text(record.stop_price)
        if record.side.sign * (price - record.stop_price) <= 0:
            side = "over" if record.side.sign > 0 else "under"
            sentence = f"expected a stop of {record.trade_id} {side} {was}, where it is, was {price_text(price)}"
            return Answer(False, f"{sentence}: a stop only comes nearer")
        beyond = trade.is_through(price)
        if beyond is not None:
            at = f"{price_text(price)} is at or through the price {price_text(beyond)}"
            return Answer(False, f"stop of {record.trade_id} stays at {was}: {at}: close it instead")
        trade.move_stop(price, out, at_entry=command.to_entry)
        return Answer(True, f"stop of {record.trade_id} from {was} to {price_text(price)}", trade_id=record.trade_id)

    def _trail(self, command: asked.TrailStop, trade: TradeLife, out: Outbox) -> Answer:
        record, trail = trade.record, command.distance
        refusal = _not_open(record) or _trail_refusal(record, trail)
        if refusal:
            return Answer(False, refusal)
        trade.set_trail(trail, out)
        stop = "none yet" if trade.record.stop_price is None else price_text(trade.record.stop_price)
        how = "stays" if trail is None else f"trails {trail.text} behind"
        return Answer(True, f"stop of {record.trade_id} {how}, at {stop}", trade_id=record.trade_id)

    def _set_targets(self, command: asked.SetTargets, trade: TradeLife, out: Outbox) -> Answer:
        record = trade.record
        refusal = _not_open(record) or _ladder_refusal(command.targets)
        if refusal:
            return Answer(False, refusal)
        trade.set_targets(command.targets, out)
        ladder = "/".join(f"{target.distance_bps:g}" for target in command.targets)
        what = f"targets of {record.trade_id} at {ladder} bps" if ladder else f"{record.trade_id} is left to its stop"
        return Answer(True, what, trade_id=record.trade_id)

    def _set_time_stop(self, command: asked.SetTimeStop, trade: TradeLife, out: Outbox) -> Answer:
        record, after_s = trade.record, command.after_s
        refusal = _not_open(record)
        if not refusal and after_s is not None and not 0.0 < after_s <= MOST_S:
            refusal = f"expected a time stop over 0 s and at most {MOST_S:g}, was {after_s:g}"
        if refusal:
            return Answer(False, refusal)
        trade.set_time_stop(after_s, out)
        what = "no time stop" if after_s is None else f"{record.trade_id} is closed in {after_s:g} s"
        return Answer(True, what if after_s is not None else f"{record.trade_id}: {what}", trade_id=record.trade_id)

    def _cancel_order(self, command: asked.CancelTradeOrder, out: Outbox) -> Answer:
        order = self._book.order(command.order_id)
        trade = None if order is None else self._book.find(order.request.trade_id)
        if order is None or trade is None or order.status.is_final:
            how = f"it is {order.status.value}" if order is not None else "none of ours"
            return Answer(False, f"expected an order that can still execute, was {command.order_id}: {how}")
        if order.request.role in (OrderRole.STOP, OrderRole.CLOSE):
            role = order.request.role.value
            return Answer(False, f"{command.order_id} is a {role}, never cancelled: move the stop, or close the trade")
        trade.cancel_order(order, out)
        what = f"{order.request.role.value} of {order.open_qty:g} {order.request.asset}"
        return Answer(True, f"cancelling {command.order_id}, {what}", trade_id=order.request.trade_id)

    def _reverse(self, command: asked.Reverse, out: Outbox) -> Answer:
        trade = self._book.find(command.trade_id)
        late = late_text(command.expires_ns, out.now_ns)
        if late:
            return Answer(False, f"not reversed: {late}")
        if trade is None:
            return self._no_trade(command.trade_id)
        record, entry = trade.record, command.entry
        if (entry.asset, entry.side) != (record.asset, record.side.opposite):
            wanted = f"{record.side.opposite.value} {record.asset}"
            return Answer(
                False, f"expected {wanted} as the reverse of {record.trade_id}, was {entry.side} {entry.asset}"
            )
        if self._risk.state is not EngineState.ARMED:
            return Answer(
                False, f"not reversed, {self._risk.state.value}: {self._risk.reason}; close works in every state"
            )
        request_id = f"{command.request_id}/entry" if command.request_id else None
        expires_ns = command.expires_ns or out.now_ns + REVERSES_WITHIN_NS
        enter = asked.Enter(command.ts_ns, command.command_id, command.by, entry, request_id, expires_ns)
        self._reversals[record.trade_id] = enter
        trade.close(ExitReason.MANUAL, f"reversed by {command.by}", out)
        what = f"closing {record.trade_id}, then a {entry.side.value} of {entry.asset} is put before the gate"
        return Answer(True, what, trade_id=record.trade_id)

    # Answering.

    def _of_trade(self, do: Callable[[Any, TradeLife, Outbox], Answer]) -> Do:
        def found(command: Any, out: Outbox) -> Answer:
            trade = self._book.find(command.trade_id)
            return self._no_trade(command.trade_id) if trade is None else do(command, trade, out)

        return found

    def _no_trade(self, trade_id: str) -> Answer:
        known = ", ".join(trade.record.trade_id for trade in self._book.trades) or "none"
        return Answer(False, f"expected an open trade ({known}), was {trade_id}")

    def _once(self, do: Do) -> Step:
        """Done once for each id."""

        def answer(command: Any, out: Outbox) -> Answer:
            asked_id = _asked_id(command)
            return self._ids.known(asked_id) or self._ids.keep(asked_id, do(command, out))

        return self._answering(answer)

    @staticmethod
    def _answering(do: Do) -> Step:
        def step(command: Command, out: Outbox) -> None:
            answer, name = do(command, out), str(type(command).__struct_config__.tag)
            out.add(
                CommandAnswered(
                    out.now_ns,
                    command.command_id,
                    command.by,
                    name,
                    answer.ok,
                    answer.sentence,
                    verdict_id=answer.verdict_id,
                    trade_id=answer.trade_id,
                )
            )

        return step


def _asked_id(command: Any) -> str | None:
    """An id names one trade that is opened, or one thing that is done to one trade: a close under the id of an earlier
    move of its stop is a close.
    """
    if command.request_id is None or isinstance(command, asked.Adopt):
        return command.request_id  # type: ignore[no-any-return]
    what = getattr(command, "trade_id", "") or getattr(command, "order_id", "")
    return f"{type(command).__struct_config__.tag} {what} {command.request_id}"


MOST_S = 7 * 86_400.0
"""No time stop is further away than a week."""


def _not_open(record: TradeRecord) -> str:
    """Why nothing of it can be moved; empty while it is open."""
    if record.phase is TradePhase.OPEN and record.open_qty > 0:
        return ""
    return f"{record.trade_id} is {record.phase.value}, expected an open one"


def _trail_refusal(record: TradeRecord, trail: Trail | None) -> str:
    if trail is None:
        return ""
    most = {TrailBy.BPS: 5_000.0, TrailBy.R: 100.0, TrailBy.RATIO: 1.0}[trail.by]
    if not 0.0 < trail.distance < most:
        return f"expected a distance over 0 and under {most:g} {trail.by.value}, was {trail.distance:g}"
    if trail.by is TrailBy.R and record.initial_stop_price <= 0.0:
        return f"{record.trade_id} has no first stop to measure R by"
    return ""


def _ladder_refusal(targets: tuple[Target, ...]) -> str:
    total, distances = sum(target.share_pct for target in targets), [target.distance_bps for target in targets]
    if any(not target.share_pct > 0 or not target.distance_bps > 0 for target in targets):
        return "expected targets over 0 bps with shares over 0 %"
    if distances != sorted(set(distances)):
        return f"expected targets that rise, was {'/'.join(f'{one:g}' for one in distances)}"
    return f"expected shares of at most 100 %, was {total:g}" if total > WHOLE_PCT else ""
