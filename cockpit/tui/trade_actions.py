"""Trading by hand: the ticket, the command line, and the keys for the chosen trade. All of them are words of one
language, read into calls of the API; each call goes once.

What sheds risk works in every state. What opens it is refused here while the engine is not armed, and by the engine
when it comes late.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from textual import on

from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.domain.command_line import Call, read_line
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.line_tokens import Known, LineError, OpenTrade, short_id
from cockpit.tui import keys
from cockpit.tui.flatten import Stage
from cockpit.tui.messages import Ticket as Asker
from cockpit.tui.messages import TicketSubmitted, TicketWritten
from cockpit.tui.operator import OperatorActions
from cockpit.tui.screens.command_line import CommandLine
from cockpit.tui.screens.ticket import Ticket

COOL_DOWN_S = 0.7
"""A key that is held down says the same again and again: it counts once, until it has been up for so long."""
AT_ONCE = {
    "trade_close": "close {trade}",
    "trade_most": "close {trade} 3/4",
    "trade_half": "close {trade} half",
    "trade_quarter": "close {trade} quarter",
    "stop_to_entry": "stop {trade} be",
    "stop_tighter": "stop {trade} -5",
    "trail_off": "trail {trade} off",
    "no_targets": "targets {trade} none",
    "no_time_stop": "hold {trade} off",
    "cancel_entry": "cancel {trade}",
}
"""What a key does to the chosen trade at once."""
TO_EDIT = {
    "trail": "trail {trade} 20",
    "stop_to_price": "stop {trade} ",
    "targets": "targets {trade} ",
    "time_stop": "hold {trade} 60",
    "reverse": "reverse {trade}",
}
"""What a key writes into the command line, to be looked at and sent with Enter."""
WHEN_ARMED = ("/enter", "/reverse", "/adopt")


class TradeActions(OperatorActions):
    """The actions of the table of keys that trade, for the self."""

    known = Known()
    """What words are read against, as the engine last told it."""
    manual: Mapping[str, Any] = {}
    risk_usd: float | None = None
    line_history: tuple[str, ...] = ()
    _pressed_s: Mapping[str, float] = {}

    def action_do(self, action_id: str) -> None:
        """What is done to the chosen trade; everything else by name."""
        if action_id in AT_ONCE:
            self._to_chosen(AT_ONCE[action_id])
        elif action_id in TO_EDIT:
            self._edit_for_chosen(TO_EDIT[action_id])
        else:
            super().action_do(action_id)

    # The chosen trade.

    def _to_chosen(self, template: str) -> None:
        text = self._line_for_chosen(template)
        if text and not self._is_repeated(text):
            self.carry_out(text)

    def _edit_for_chosen(self, template: str) -> None:
        text = self._line_for_chosen(template)
        if text:
            self._open_line(text)

    def _line_for_chosen(self, template: str) -> str:
        chosen = self.pane_set.kept.trades.selected(self.view)
        if chosen is None:
            self.store.notify(f"{template.partition(' ')[0]}: no trade is open", "warn")
            self.redraw()
            return ""
        return template.format(trade=short_id(OpenTrade(chosen.trade.trade_id, chosen.trade.asset)))

    def _is_repeated(self, text: str) -> bool:
        """Whether the same was pressed a moment ago: the key is held, or bounced."""
        now_s = self.clock()
        last_s = self._pressed_s.get(text)
        self._pressed_s = {**self._pressed_s, text: now_s}
        return last_s is not None and now_s - last_s < COOL_DOWN_S

    # What is not ours, and alarms.

    def _do_adopt(self) -> None:
        now = self.store.snapshot
        held = now.foreign_positions if now is not None else ()
        self._edit_or_warn(
            f"adopt {held[0].venue} {held[0].asset.lower()}" if held else "",
            "adopt: no position that is not ours is held",
        )

    def _do_alarm(self) -> None:
        price = self._known_now().prices.get(self.asset)
        start = f"alarm {self.asset.lower()} > {price:.10g}" if price is not None else f"alarm {self.asset.lower()} > "
        self._open_line(start)

    def _do_drop_alarm(self) -> None:
        alarms = self._known_now().alarms
        self._edit_or_warn(f"alarm drop {alarms[-1]}" if alarms else "", "drop alarm: none is set")

    def _edit_or_warn(self, start: str, nothing: str) -> None:
        if start:
            self._open_line(start)
        else:
            self.store.notify(nothing, "warn")
            self.redraw()

    # Words.

    def carry_out(self, text: str) -> None:
        """Start doing what a line says, and return."""
        self.in_background(partial(self._carried_out, text), "hands")

    async def _carried_out(self, text: str) -> None:
        """Each call of a line in order, until one is refused."""
        what = text
        try:
            line = read_line(text, self._known_now())
            if not line.calls:
                self.store.notify(f"{text}: {_sized(line.known.risk_usd)}")
            while True:
                self.risk_usd = line.known.risk_usd
                for call in line.calls:
                    what = call.text
                    if not self._takes_its_own_way(call):
                        self.store.notify(f"{what}: {await self.done(call)}")
                if not line.rest:
                    break
                what = line.rest
                line = read_line(line.rest, await self._link().known(self.risk_usd))
        except (LineError, EngineRefused, EngineUnreachable) as error:
            self.refused(what, str(error))
        self.redraw()

    async def done(self, call: Call) -> str:
        """What the engine did. Raises `EngineRefused` where it must not even be asked now."""
        against = self.against(call)
        if against:
            raise EngineRefused(against)
        return answer_text(await self._link().do(call))

    def against(self, call: Call) -> str:
        """Why a call must not be sent now; empty where nothing stands against it."""
        now = self.store.snapshot
        if not call.path.endswith(WHEN_ARMED):
            return ""
        if now is None:
            return "not sent: nothing is known of the engine yet"
        if now.state is not EngineState.ARMED:
            arm_key = keys.shown(self.settings.keys["arm"][0]) if self.settings.keys["arm"] else "the palette"
            return f"not sent: expected the engine armed, was {now.state.value.replace('_', ' ')} ({arm_key} arms)"
        return ""

    def _takes_its_own_way(self, call: Call) -> bool:
        """Flatten goes by the flatten key's road, and arming real money asks for its word."""
        now = self.store.snapshot
        if call.path == "/api/flatten":
            self.flow.stage, self.flow.at_s = Stage.ASKED, self.clock()
            self.action_do(keys.FLATTEN)
            return True
        if call.path == "/api/arm" and now is not None and now.mode is not Mode.PAPER:
            self.action_do("arm")
            return True
        return False

    def _known_now(self) -> Known:
        """The engine's words, with the prices and trades of this moment."""
        now = self.store.snapshot
        if now is None:
            return self.known
        trades = [view.trade for view in now.open_trades]
        return Known(
            prices={asset.asset: asset.price for asset in now.assets},
            trades=tuple(OpenTrade(trade.trade_id, trade.asset, trade.entry_order_id) for trade in trades),
            venues=self.known.venues,
            setups=self.known.setups,
            templates=self.known.templates,
            alarms=tuple(alarm.alarm_id for alarm in now.alarms),
            risk_usd=self.risk_usd,
        )

    # The command line and the ticket.

    def _do_command(self) -> None:
        self._open_line("")

    def _open_line(self, start: str) -> None:
        self._learn()
        line = CommandLine(self._known_now, self.line_history, self.appearance, start)
        self.open(line, self._line_given)

    def _line_given(self, text: str | None) -> None:
        if text:
            self.line_history = (*(old for old in self.line_history if old != text), text)[-100:]
            self.carry_out(text)

    def _do_ticket(self) -> None:
        self._learn()
        ticket = Ticket(
            self.asset, self.appearance, known=lambda: self.known, manual=lambda: self.manual, clock=self.clock
        )
        self.open(ticket, self._ticket_sent)

    def _ticket_sent(self, sentence: str | None) -> None:
        if sentence is not None:
            self.store.notify(sentence)
            self.redraw()

    def _learn(self) -> None:
        """Ask the engine which templates, setups and venues there are, beside everything else."""
        self.in_background(self._learned, "words", exclusive=True)

    async def _learned(self) -> None:
        try:
            link = self._link()
            self.known, self.manual = await link.known(self.risk_usd), await link.manual()
        except (EngineRefused, EngineUnreachable) as error:
            self.store.notify(f"templates are not known: {error}", "warn")
        self.redraw()

    # What a ticket asks of the app.

    @on(TicketWritten)
    def ticket_written(self, written: TicketWritten) -> None:
        """Ask what the gate would say; only the newest question is answered."""
        try:
            call = self._entry_of(written.text)
        except LineError as error:
            written.ticket.cannot_read(str(error))
            return
        self.in_background(partial(self._judge, written.ticket, call), "verdict", exclusive=True)

    @on(TicketSubmitted)
    def ticket_submitted(self, submitted: TicketSubmitted) -> None:
        """Send it, where nothing stands against it. It goes on though the ticket is closed meanwhile."""
        ticket = submitted.ticket
        try:
            call = self._entry_of(submitted.text)
        except LineError as error:
            ticket.cannot_read(str(error))
            ticket.ended()
            return
        against = self.against(call)
        if against:
            ticket.stands_against(against)
            ticket.ended()
            return
        named = msgspec.structs.replace(call, body={**call.body, "id": submitted.order_id})
        self.in_background(partial(self._send_ticket, ticket, named), "ticket")

    def _entry_of(self, text: str) -> Call:
        """The one call of an entry's words. Raises `LineError`."""
        return read_line(text, self._known_now()).calls[0]

    async def _judge(self, ticket: Asker, call: Call) -> None:
        try:
            ticket.judged(await self._link().do(Call("/api/trade/preview", call.body, reads_only=True)))
        except (EngineRefused, EngineUnreachable) as error:
            ticket.cannot_read(str(error))

    async def _send_ticket(self, ticket: Asker, call: Call) -> None:
        try:
            done = await self.done(call)
        except EngineRefused as refused:
            self._notify_if_closed(ticket, call, str(refused))
            ticket.refused(refused)
        except EngineUnreachable as error:
            self._notify_if_closed(ticket, call, str(error))
            ticket.unanswered(str(error))
        else:
            if ticket.is_attached:
                ticket.done(done)
            else:
                self._ticket_sent(f"{call.text}: {done}")
        finally:
            ticket.ended()

    def _notify_if_closed(self, ticket: Asker, call: Call, why: str) -> None:
        if not ticket.is_attached:
            self.refused(call.text, why)
            self.redraw()


def _sized(risk_usd: float | None) -> str:
    size = "are one base unit" if risk_usd is None else f"lose {risk_usd:g} USD at their stop"
    return f"entries that name no size {size}"


def answer_text(answer: Mapping[str, Any]) -> str:
    """An answer in a sentence: the engine's own, or the trade and how it stands."""
    if "sentence" in answer:
        return str(answer["sentence"])
    if "trade_id" in answer:
        return f"{answer['trade_id']} {answer.get('status', '')}".strip()
    return "would be sent" if answer.get("would_send") else f"would not be sent: {answer.get('not_sent_because', '?')}"
