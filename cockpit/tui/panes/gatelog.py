"""The gate log: every verdict, newest first, with its first reason. The cursor stays on its verdict."""

from collections.abc import Sequence

from cockpit.domain.kinds import Outcome
from cockpit.domain.verdict import Check, Verdict
from cockpit.tui import numbers
from cockpit.tui.text import ELLIPSIS, Line, Span, column_cells, cut, in_columns, left, line_width, shortened, width
from cockpit.tui.view import View, plain_reason

WIDE, NAMED, TIMED = 100, 66, 44
"""With so many cells: the word for blocked; a name of the setup at all; the seconds."""
CHECKS_FROM_ROWS, CHECKS_FROM_CELLS = 12, 60
"""A log with so much room has the checks of the verdict under the cursor below it."""
CHECK_CELLS, CHECK_NAME_CELLS, MOST_CHECKS = 58, 22, 24
WORST_FIRST = (Outcome.BLOCK, Outcome.NO_DATA, Outcome.REDUCE, Outcome.WARN, Outcome.PASS)
ROLE_OF = {Outcome.PASS: "good", Outcome.REDUCE: "warn", Outcome.WARN: "warn"}


class GateLog:
    """What of the log is shown: the filter, the pause, and the verdict under the cursor."""

    def __init__(self) -> None:
        self.filter = ""
        self.paused_at: list[Verdict] | None = None
        self.cursor = ""
        self._first = 0

    def shown(self, view: View) -> list[Verdict]:
        """The verdicts that pass the filter, newest first; those of the pause while paused."""
        found = self.paused_at if self.paused_at is not None else list(reversed(view.store.verdicts.values()))
        wanted = self.filter.lower().split()
        return [verdict for verdict in found if all(word in _haystack(verdict) for word in wanted)] if wanted else found

    def selected(self, view: View) -> Verdict | None:
        """The verdict under the cursor; the newest until the operator moves."""
        shown = self.shown(view)
        if not shown:
            return None
        return next((verdict for verdict in shown if verdict.verdict_id == self.cursor), shown[0])

    def move(self, view: View, steps: int) -> None:
        """Move the cursor down (older) or up."""
        shown = self.shown(view)
        current = self.selected(view)
        if current is None:
            return
        place = min(len(shown) - 1, max(0, shown.index(current) + steps))
        self.cursor = shown[place].verdict_id if place else ""

    def pause(self, view: View, paused: bool) -> None:
        """Hold the picture, or let it go."""
        self.paused_at = list(reversed(view.store.verdicts.values())) if paused else None

    def lines(self, view: View, cells: int, rows: int, focused: bool) -> list[Line]:
        """The part of the log around the cursor."""
        shown = self.shown(view)
        if not shown:
            why = f"no verdict matches '{self.filter}'" if self.filter else "no verdict yet"
            return [((why, "dim"),)]
        current = self.selected(view)
        checks = _checks(view, current, cells, _check_rows(cells, rows)) if current else []
        rows -= len(checks)
        place = shown.index(current) if current is not None else 0
        self._first = max(0, min(self._first, place, len(shown) - rows), place - rows + 1)
        part = shown[self._first : self._first + rows]
        is_seen = focused or place > 0
        drawn = [_line(view, verdict, cells, is_seen and verdict is current) for verdict in part]
        return [*drawn, *([()] * (rows - len(drawn)) if checks else []), *checks]

    def title(self, view: View) -> str:
        """The pane's name with its counts."""
        now = view.snapshot
        counts = f" {view.glyphs.dot} {now.verdicts_approved} approved, {now.verdicts_denied} denied" if now else ""
        return f"Gate log{counts}" + (f" {view.glyphs.dot} filter: {self.filter}" if self.filter else "")

    def note(self, view: View) -> str:
        """That it does not follow: it is held, or the cursor stands on an older verdict."""
        current = self.selected(view) if self.cursor or self.paused_at is not None else None
        if current is None:
            return ""
        newest_first = list(reversed(view.store.verdicts))
        newer = newest_first.index(current.verdict_id) if current.verdict_id in newest_first else 0
        told = f"{newer} newer" if newer else ""
        return ", ".join(part for part in ("PAUSED" if self.paused_at is not None else "", told) if part)


def setup_name(verdict: Verdict) -> str:
    """A setup's or strategy's name for people."""
    return verdict.proposal.setup.replace("_", " ")


def outcome(view: View, verdict: Verdict) -> Span:
    """Approved, approved but not sent, or denied: a sign, and a colour beside it."""
    if not verdict.approved:
        return (view.glyphs.no, "bad")
    return (view.glyphs.yes, "good") if verdict.sent else (view.glyphs.yes, "dim")


def gist(view: View, verdict: Verdict) -> str:
    """Why it was denied, or what was sent and with which warnings."""
    if not verdict.approved:
        return plain_reason(verdict.reason)
    warnings = _warnings(verdict)
    return _sent(verdict) + (f" {view.glyphs.dot} {_warned(warnings)}: {'; '.join(warnings)}" if warnings else "")


def _warnings(verdict: Verdict) -> tuple[str, ...]:
    return (*verdict.warnings, *(verdict.sizing.notes if verdict.sizing else ()))


def _warned(warnings: Sequence[str]) -> str:
    return "warned" if len(warnings) == 1 else f"{len(warnings)} warned"


def _sent(verdict: Verdict) -> str:
    sent = "sent" if verdict.sent else f"not sent: {verdict.not_sent_because.partition(':')[0]}"
    size = "" if verdict.size_factor == 1.0 else f" {verdict.size_factor:.2f}x"
    return f"{numbers.money(verdict.notional_usd)} USD{size} stop {verdict.stop_bps:g} bps, {sent}"


def _gist_within(view: View, verdict: Verdict, cells: int) -> str:
    """The gist in so many cells: the first warning alone, or how many there are, where not all of it fits."""
    whole = gist(view, verdict)
    warnings = _warnings(verdict)
    if not verdict.approved or not warnings or width(whole) <= cells:
        return shortened(whole, cells)
    told = f"{_sent(verdict)} {view.glyphs.dot} {_warned(warnings)}"
    first = shortened(warnings[0], max(0, cells - width(told) - 2))
    if first and not first.endswith(ELLIPSIS):
        return f"{told}: {first}"
    return told if width(told) <= cells else shortened(_sent(verdict), cells)


def _line(view: View, verdict: Verdict, cells: int, under_cursor: bool) -> Line:
    proposal = verdict.proposal
    who = left(_brief_name(verdict), 14) if cells >= NAMED else ""
    side = left(f"{proposal.asset} {proposal.side}", 9)
    sign, role = outcome(view, verdict)
    clock_cells = 8 if cells >= TIMED else 5
    blocked = "blocked: " if cells >= WIDE and not verdict.approved else ""
    spans = [
        (f"{numbers.clock(verdict.ts_ns)[:clock_cells]} ", "dim"),
        (f"{sign} ", role),
        (f"{who} " if who else "", "text"),
    ]
    spans += [(f"{side} ", "text"), (blocked, "bad")]
    spans.append((_gist_within(view, verdict, cells - line_width(spans)), "text" if verdict.approved else "dim"))
    if not under_cursor:
        return tuple(spans)
    plain = "".join(text for text, _ in spans)
    return ((left(plain, cells), "cursor"),)


def _check_rows(cells: int, rows: int) -> int:
    """By the room alone, so that nothing moves: a little more than half of it, no more than all checks take."""
    if rows < CHECKS_FROM_ROWS or cells < CHECKS_FROM_CELLS:
        return 0
    columns = max(1, (cells + 2) // (CHECK_CELLS + 2))
    return min(rows * 3 // 5 + 1, 1 - -MOST_CHECKS // columns)


def _checks(view: View, verdict: Verdict, cells: int, rows: int) -> list[Line]:
    """What decided first: those that deny, then those that take away, then the others. Always so many rows."""
    if not rows:
        return []
    proposal = verdict.proposal
    what = f"{numbers.clock(verdict.ts_ns)} {setup_name(verdict)} {proposal.asset} {proposal.side}"
    sizes = f"asked {numbers.money(proposal.requested_usd)} USD, stop {proposal.stop_bps:g} bps"
    head = f"{view.glyphs.frame[4] * 2} {what}: {sizes} "
    ordered = sorted(verdict.checks, key=lambda check: WORST_FIRST.index(check.outcome))
    name_cells = min(CHECK_NAME_CELLS, max((len(check.name) for check in ordered), default=0))
    each = column_cells(cells, CHECK_CELLS)
    hidden = len(ordered) - (rows - 1) * ((cells + 2) // (each + 2))
    more = f" {hidden} more: Enter {view.glyphs.frame[4] * 2}" if hidden > 0 else ""
    rule = head.ljust(cells - width(more), view.glyphs.frame[4])
    drawn: list[Line] = [((cut(rule, cells - width(more)), "frame"), (more, "dim"))]
    drawn += in_columns([_check(view, check, name_cells, each) for check in ordered], cells, rows - 1, CHECK_CELLS)
    return drawn + [()] * (rows - len(drawn))


def _check(view: View, check: Check, name_cells: int, cells: int) -> Line:
    role = ROLE_OF.get(check.outcome, "bad")
    sign = view.glyphs.yes if check.outcome is Outcome.PASS else view.glyphs.no if check.outcome.denies else "!"
    name, sentence = left(check.name.replace("_", " "), name_cells), plain_reason(check.sentence)
    told = shortened(sentence, cells - width(name) - 3)
    if told.endswith(ELLIPSIS):  # rather out of line than without its end
        name = name.rstrip()
        told = shortened(sentence, cells - width(name) - 3)
    return (
        (f"{sign} ", role),
        (f"{name} ", "text" if role != "good" else "dim"),
        (told, "dim" if role == "good" else role),
    )


def _brief_name(verdict: Verdict) -> str:
    """The setup's name without the asset and the side, which stand beside it."""
    beside = (verdict.proposal.asset.lower(), verdict.proposal.side.value)
    words = setup_name(verdict).replace(".", " ").split()
    return " ".join(word for word in words if word.lower() not in beside) or setup_name(verdict)


def _haystack(verdict: Verdict) -> str:
    proposal = verdict.proposal
    word = "approved" if verdict.approved else "denied"
    parts = (
        proposal.setup,
        setup_name(verdict),
        proposal.asset,
        proposal.side,
        word,
        verdict.reason,
        verdict.reason_check,
    )
    return " ".join(parts).lower()
