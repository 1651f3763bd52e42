"""The ticket: an entry by hand, with the gate's verdict on it while it is filled in. Enter sends it, once."""

import asyncio
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from cockpit.client.errors import EngineRefused
from cockpit.domain.line_tokens import Known
from cockpit.domain.numbers import counted
from cockpit.tui import numbers
from cockpit.tui.board import Board
from cockpit.tui.footer import Offered
from cockpit.tui.layouts import Region
from cockpit.tui.messages import TicketSubmitted, TicketWritten
from cockpit.tui.picture import FRAME_CELLS, FRAME_ROWS, Appearance
from cockpit.tui.screens.ask import Answer
from cockpit.tui.screens.modal import Modal, Places, centred
from cockpit.tui.text import Line, clean, cut, left, wrap, wrap_line
from cockpit.tui.view import plain_reason

TICKET = "ticket"
CELLS, ROWS = 84, 20
LABEL_CELLS, VALUE_CELLS = 9, 18
LEAST_VERDICT_ROWS = 4
FIELDS = ("side", "asset", "size", "entry", "stop", "targets")
AGAIN_S = 1.0
"""The verdict is of this moment: it is asked for again after so long."""
MARKET = "market"
AT_MARKET = ("", "m", "mkt", MARKET)
SIDES = ("long", "short")
BAD = ("block", "no_data")


class Ticket(Modal[str]):
    """Dismissed with what the engine did, or with None. A refusal stays on it.

    It has an id of its own: one that was not answered may be sent again, and is done once. After a refusal it is
    another order. It asks its app for the verdict and to send it, by messages; `known` and `manual` are the engine's
    words and sizes to choose from, as they are at the moment.
    """

    OFFERED = Offered.TEXT
    AUTO_FOCUS = "#size"
    """What is typed first: the rest has its usual values."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False),
        Binding("up", "field(-1)", show=False, priority=True),
        Binding("down", "field(1)", show=False, priority=True),
        Binding("pageup", "cycle(-1)", show=False),
        Binding("pagedown", "cycle(1)", show=False),
    ]

    def __init__(
        self,
        asset: str,
        appearance: Appearance,
        *,
        known: Callable[[], Known],
        manual: Callable[[], Mapping[str, Any]],
        clock: Callable[[], float],
    ) -> None:
        super().__init__(appearance)
        self._known = known
        self._manual = manual
        self._clock = clock
        self._asset = asset
        self._order_id = secrets.token_hex(8)
        self._is_sending = False
        self._wrong = ""
        self._refusal: list[Line] = []
        self._verdict: Mapping[str, Any] | None = None
        self._judged_s = float("-inf")
        self._judged_text = ""
        self._place = Region(0, 0, 0, 0)

    def parts(self) -> Iterator[Widget]:
        """The board, and a row for each field over it."""
        yield Board(TICKET, title="Ticket", focusable=False)
        start = {"side": SIDES[0], "asset": self._asset.lower(), "entry": MARKET}
        for name in FIELDS:
            yield Answer(start.get(name, ""), name)

    def typed_into(self) -> Input:
        """The field with the cursor."""
        return self.focused if isinstance(self.focused, Input) else self.query_one("#size", Answer)

    def places(self, ground: Region) -> Places:
        """As high as its longest verdict, so that it does not move while it is filled in."""
        self._place = centred(ground, min(CELLS, ground.width), min(ROWS, ground.height))
        x, y, width, _ = self._place
        each = (width - FRAME_CELLS) // self._beside
        cells = max(1, min(VALUE_CELLS, each - LABEL_CELLS - self._beside + 1))
        fields = {
            name: Region(x + 2 + LABEL_CELLS + at % self._beside * each, y + 1 + at // self._beside, cells, 1)
            for at, name in enumerate(FIELDS)
            if 1 + at // self._beside < self._place.height - 1
        }
        return {TICKET: self._place, **fields}

    @property
    def _beside(self) -> int:
        """Two fields stand beside each other where the verdict would have no room below them."""
        return 1 if self._place.height - FRAME_ROWS >= len(FIELDS) + LEAST_VERDICT_ROWS else 2

    def draw(self) -> None:
        """The fields with their choices, what is wrong, and the verdict."""
        cells, rows = self._place.width - FRAME_CELLS, self._place.height - FRAME_ROWS
        if self._beside > 1:
            pairs = zip(FIELDS[::2], FIELDS[1::2], strict=True)
            each = cells // 2
            lines: list[Line] = [((left(one, each) + other, "dim"),) for one, other in pairs]
        else:
            lines = [*(self._field_line(name, cells) for name in FIELDS), ()]
        lines += self._verdict_rows(cells)
        note = "SENDING" if self._is_sending else "Enter sends, PgUp PgDn choose, Esc leaves"
        role = "warn" if self._is_sending else "dim"
        self.query_one(f"#{TICKET}", Board).show(lines[:rows], note=note, note_role=role)
        if self._judged_text != self.text or self._clock() - self._judged_s >= AGAIN_S:
            self._judge()

    @property
    def text(self) -> str:
        """The ticket in the words of the command line."""
        value = {name: self.query_one(f"#{name}", Answer).value.strip() for name in FIELDS}
        entry = value["entry"].lower()
        words = [value["side"] or "?", value["asset"], value["size"]]
        words += [] if entry in AT_MARKET else ["at", value["entry"]]
        words += ["stop", value["stop"]] if value["stop"] else []
        words += ["targets", value["targets"]] if value["targets"] else []
        return " ".join(word for word in words if word)

    def action_close(self) -> None:
        """Nothing was sent; what is being sent is not taken back."""
        self.close_with(None)

    async def action_field(self, steps: int) -> None:
        """The next field, or the one before: once what was typed is in this one, before anything else is typed."""
        is_typed = asyncio.Event()
        if self.focused is not None and self.focused.call_later(is_typed.set):
            await is_typed.wait()
        names = [field.id for field in self.query(Answer)]
        at = names.index(self.focused.id) if self.focused is not None and self.focused.id in names else 0
        self.set_focus(self.query_one(f"#{names[(at + steps) % len(names)]}", Answer))

    def action_cycle(self, steps: int) -> None:
        """The next of the field's choices."""
        field = self.focused
        if not isinstance(field, Answer) or not (choices := self._choices(str(field.id))):
            return
        at = choices.index(field.value) if field.value in choices else -min(0, steps)
        field.value = choices[(at + steps) % len(choices)] if field.value in choices else choices[0]
        field.cursor_position = len(field.value)

    @on(Input.Changed)
    def changed(self) -> None:
        """Another ticket, another order: its verdict is asked for."""
        self._refusal = []
        self.redraw()

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Have it sent, unless it is being sent."""
        if self._is_sending:
            return
        self._is_sending = True
        self.post_message(TicketSubmitted(self, self.text, self._order_id))
        self.redraw()

    # What its app answers.

    def cannot_read(self, why: str) -> None:
        self._wrong, self._verdict = why, None
        self._draw_again()

    def judged(self, verdict: Mapping[str, Any]) -> None:
        self._wrong, self._verdict = "", verdict
        self._draw_again()

    def stands_against(self, why: str) -> None:
        self._refusal = [((why, "bad"),)]

    def refused(self, refusal: EngineRefused) -> None:
        """What is sent next is another order."""
        self._order_id = secrets.token_hex(8)
        detail = refusal.detail if isinstance(refusal.detail, dict) else {}
        self._refusal = [((f"REFUSED: {clean(str(refusal))}", "bad"),), *_checks(detail.get("verdict"))]

    def unanswered(self, why: str) -> None:
        """It keeps its id: asked again, it is done once."""
        self._refusal = [((f"NO ANSWER: {clean(why)}. It may be done; Enter asks again, once only", "alarm"),)]

    def done(self, answer: str) -> None:
        self.close_with(f"{self.text}: {answer}")

    def ended(self) -> None:
        self._is_sending = False
        self._draw_again()

    def _draw_again(self) -> None:
        if self.is_attached:
            self.redraw()

    def _judge(self) -> None:
        """Ask for the verdict on what is written; the newest question counts."""
        self._judged_text, self._judged_s = self.text, self._clock()
        self.post_message(TicketWritten(self, self._judged_text))

    def _choices(self, name: str) -> list[str]:
        manual, known = self._manual(), self._known()
        presets = [f"{size:g}" for size in manual.get("size_presets_usd", ())]
        return {
            "side": list(SIDES),
            "asset": [asset.lower() for asset in known.prices],
            "size": presets,
            "entry": [MARKET],
            "stop": list(known.setups),
            "targets": list(known.templates),
        }[name]

    def _field_line(self, name: str, cells: int) -> Line:
        """What it is, room for its value, and what may be chosen."""
        of = {
            "side": "long or short",
            "asset": ", ".join(self._choices("asset")),
            "size": f"USD, 2u base units, risk 2 (by stop)  {' '.join(self._choices('size'))}",
            "entry": "market, or a limit: 107900 for 30 post",
            "stop": "bps, price or a setup's; empty: the template's",
            "targets": f"25/50/90 bps, or {', '.join(self._choices('targets')) or 'a template'}",
        }
        room = max(0, cells - LABEL_CELLS - VALUE_CELLS - 1)
        return ((left(name, LABEL_CELLS) + " " * (VALUE_CELLS + 1), "dim"), (cut(of[name], room), "faint"))

    def _verdict_rows(self, cells: int) -> list[Line]:
        lines: list[Line] = list(self._refusal)
        if self._wrong:
            lines += [((row, "warn"),) for row in wrap(self._wrong, cells)]
        elif self._verdict is not None:
            lines += verdict_lines(self._verdict)
        else:
            lines.append((("asking the gate", "dim"),))
        return [row for line in lines for row in wrap_line(line, cells)]


def verdict_lines(answer: Mapping[str, Any]) -> list[Line]:
    """What would be traded and lost, what shrinks or blocks it, and whether it would be sent."""
    traded, would_send = answer.get("traded") or {}, bool(answer.get("would_send"))
    passes = len(answer.get("passes") or ())
    verdict = answer.get("verdict") or {}
    asset = clean(str((verdict.get("proposal") or {}).get("asset", "coins")))
    why = str(answer.get("not_sent_because") or "denied").partition(": judged")[0]
    head = "WOULD BE SENT" if would_send else f"would not be sent: {why}"
    lines: list[Line] = [((clean(head), "good" if would_send else "bad"),)]
    if traded.get("notional_usd"):
        even = [traded.get("break_even_all"), traded.get("break_even_first")]
        loss, fees = numbers.money(traded["loss_at_stop_usd"]), numbers.money(traded["fees_usd"])
        rates = " / ".join("never" if rate is None else f"{rate:.0f} %" for rate in even)
        lines += [
            (
                (f"{traded['qty']:.8g} {asset}, {traded['notional_usd']:,.2f} USD", "strong"),
                (f"  stop {traded['stop_bps']:g} bps", "text"),
            ),
            ((f"loses {loss} USD at the stop, fees {fees} of it", "text"),),
            ((f"breaks even at {rates} of trades won (every target / the first alone)", "dim"),),
        ]
    return [*lines, *_checks(verdict), ((f"{counted(passes, 'check')} pass{'es' if passes == 1 else ''}", "dim"),)]


def _checks(verdict: object) -> list[Line]:
    """The checks that do more than pass, those that block first."""
    found = verdict.get("checks") if isinstance(verdict, Mapping) else None
    checks = [check for check in found or () if check.get("outcome") != "pass"]
    checks.sort(key=lambda check: check.get("outcome") not in BAD)
    return [
        (
            (
                f"{check['outcome'].replace('_', ' ')}: {clean(plain_reason(check['sentence']))}",
                "bad" if check["outcome"] in BAD else "warn",
            ),
        )
        for check in checks
    ]
