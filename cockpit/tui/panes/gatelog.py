"""The gate log: every verdict, newest first, with its first reason. The cursor stays on its verdict."""

from cockpit.domain.kinds import Outcome
from cockpit.domain.verdict import Check, Verdict
from cockpit.tui import numbers
from cockpit.tui.text import Line, Span, in_columns, left
from cockpit.tui.view import View

WIDE = 100
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
        return verdict.reason
    sent = "sent" if verdict.sent else f"not sent: {verdict.not_sent_because.partition(':')[0]}"
    told = f"{numbers.money(verdict.notional_usd)} USD {verdict.size_factor:.2f}x stop {verdict.stop_bps:g} bps, {sent}"
    warnings = (*verdict.warnings, *(verdict.sizing.notes if verdict.sizing else ()))
    return told + (f" {view.glyphs.dot} {len(warnings)} warned: {'; '.join(warnings)}" if warnings else "")


def _line(view: View, verdict: Verdict, cells: int, under_cursor: bool) -> Line:
    proposal = verdict.proposal
    layer = _layer(verdict)
    time = numbers.clock(verdict.ts_ns)
    who = left(setup_name(verdict), 21 if cells >= WIDE else 14)
    side = left(f"{proposal.asset} {proposal.side}", 9)
    sign, role = outcome(view, verdict)
    text = f"{layer} {view.glyphs.dot} {gist(view, verdict)}" if layer else gist(view, verdict)
    spans = [(f"{time} ", "dim"), (f"{sign} ", role), (f"{who} ", "text"), (f"{side} ", "text"), (text, "text")]
    if not verdict.approved:
        spans[-1] = (text, "dim")
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
    drawn: list[Line] = [((head.ljust(cells, view.glyphs.frame[4]), "frame"),)]
    ordered = sorted(verdict.checks, key=lambda check: WORST_FIRST.index(check.outcome))
    name_cells = min(CHECK_NAME_CELLS, max((len(check.name) for check in ordered), default=0))
    drawn += in_columns([_check(view, check, name_cells) for check in ordered], cells, rows - 1, CHECK_CELLS)
    return drawn + [()] * (rows - len(drawn))


def _check(view: View, check: Check, name_cells: int) -> Line:
    role = ROLE_OF.get(check.outcome, "bad")
    sign = view.glyphs.yes if check.outcome is Outcome.PASS else view.glyphs.no if check.outcome.denies else "!"
    return (
        (f"{sign} ", role),
        (left(check.name.replace("_", " "), name_cells) + " ", "text" if role != "good" else "dim"),
        (check.sentence, "dim" if role == "good" else role),
    )


def _layer(verdict: Verdict) -> str:
    for check in verdict.checks:
        if check.outcome.denies:
            return f"{check.layer.number} {check.layer.value.replace('_', ' ')}"
    return ""


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
