"""Setups: what each waits for, and whether the gate would let it through right now."""

from collections.abc import Sequence

from cockpit.domain.kinds import SetupPhase
from cockpit.domain.signal_sources import SourceView
from cockpit.domain.snapshot import SetupView, Snapshot
from cockpit.tui import numbers
from cockpit.tui.text import Line, Span, cut, left, line_width, shortened, width
from cockpit.tui.view import UNKNOWN_LINE, View, plain_reason

WIDE, BOTH = 76, 120
"""With so many cells: whole names, and on one line both what it waits for and what the gate says."""
INDENT = 2
BLOCKED = "blocked: "
SHORT_NAME, SHORTEST_NAME, SHORT_FROM = 14, 11, 60
SHORT_PHASE_CELLS, PHASE_CELLS = 6, 10
NAME_CELLS = 21
PHASES = {
    SetupPhase.OFF: ("off", "faint"),
    SetupPhase.IDLE: ("idle", "dim"),
    SetupPhase.WATCHING: ("WATCHING", "info"),
    SetupPhase.TRIGGERED: ("TRIGGERED", "warn"),
    SetupPhase.COOLING_DOWN: ("cooling", "dim"),
}
SHORT_PHASES = {
    SetupPhase.OFF: "off", SetupPhase.IDLE: "idle", SetupPhase.WATCHING: "WATCH", SetupPhase.TRIGGERED: "TRIG",
    SetupPhase.COOLING_DOWN: "cool",
}  # fmt: skip


def title(view: View, rows: int) -> str:
    """The pane's name; where not every setup fits, how many do."""
    count = len(view.snapshot.setups) if view.snapshot else 0
    rows -= sum(bool(source.cut_off) for source in view.snapshot.sources) if view.snapshot else 0
    return f"Setups {view.glyphs.dot} {rows} of {count}" if rows < count else "Setups"


def lines(view: View, cells: int, rows: int) -> list[Line]:
    """Two lines a setup where there is room for all, else one; sources of signals among them.

    A source that is cut off stands first, the others last. Where there is no room for each, one line is about all.
    """
    snapshot = view.snapshot
    if snapshot is None:
        return [UNKNOWN_LINE]
    setups, sources = snapshot.setups, snapshot.sources
    cut_off = [_cut_off(view, source, cells) for source in sources if source.cut_off]
    taken = [_taken(source, cells) for source in sources if not source.cut_off]
    if not setups:
        return [*cut_off, (("no setup is configured", "dim"),), *taken]
    if rows >= least_rows(snapshot):
        pairs = [line for setup in setups for line in (_head(setup, cells), _reason(view, setup, cells))]
        if rows >= rows_for_all(snapshot):
            return [*cut_off, *pairs, *taken]
        return [*pairs, _all_sources(view, sources, cells)]
    return [*cut_off, *(_one(view, setup, cells) for setup in setups), *taken]


def rows_for_all(snapshot: Snapshot) -> int:
    """Two for a setup, one for a source."""
    return 2 * len(snapshot.setups) + len(snapshot.sources)


def least_rows(snapshot: Snapshot) -> int:
    """Two for a setup, one for all sources."""
    return 2 * len(snapshot.setups) + min(1, len(snapshot.sources))


def cut_reason(source: SourceView) -> str:
    """Why it is cut off, without saying again that it is."""
    return source.cut_off.removeprefix("cut off: ").removeprefix("cut off ")


def _cut_off(view: View, source: SourceView, cells: int) -> Line:
    head: Line = ((f"{view.glyphs.no} {source.name} ", "strong"), ("CUT OFF", "alarm"))
    return (*head, (f" {shortened(cut_reason(source), cells - line_width(head) - 1)}", "bad"))


def _taken(source: SourceView, cells: int) -> Line:
    """As many of its figures as fit: what is open, what it lost, then what it sent and how often it proposed."""
    word, role = ("shadow", "info") if source.shadow else ("signals", "text")
    head: Line = ((left(source.name, NAME_CELLS) + " ", "strong"), (f"{word:<9} ", role))
    used = ""
    for figure in (
        _open(source),
        f", lost {numbers.money(source.loss_usd)} of {numbers.money(source.loss_limit_usd)} USD",
        f", sent {numbers.whole(source.notional_usd)} of {numbers.whole(source.notional_limit_usd)}",
        f", {source.proposals_last_minute} of {source.proposals_per_minute} a minute",
    ):
        if line_width(head) + width(used + figure) > cells:
            break
        used += figure
    return (*head, (used, "dim"))


def _open(source: SourceView) -> str:
    return f"{source.open_trades} of {source.open_limit} open"


def _all_sources(view: View, sources: Sequence[SourceView], cells: int) -> Line:
    """The one that is cut off, if any, with why; else each with what it has open, or their number."""
    cut_off = [source for source in sources if source.cut_off]
    if cut_off:
        others = f"  +{len(sources) - 1}" if len(sources) > 1 else ""
        return (*_cut_off(view, cut_off[0], cells - len(others)), (others, "dim"))
    each = ", ".join(f"{source.name} {'shadow' if source.shadow else _open(source)}" for source in sources)
    head: Span = ("signals ", "strong")
    return (head, (each if width(each) + len(head[0]) <= cells else f"of {len(sources)} sources", "dim"))


def _called(setup: SetupView, name: str, cells: int) -> Span:
    """Its name, with a mark where its results leave what its backtest showed."""
    if setup.beyond_backtest:
        return (left(f"{cut(name, cells - 1)}!", cells) + " ", "warn")
    return (left(name, cells) + " ", "strong")


def _head(setup: SetupView, cells: int) -> Line:
    word, role = PHASES[setup.phase]
    if cells < WIDE:
        most = SHORT_NAME if cells >= SHORT_FROM else SHORTEST_NAME
        name, phase = _called(setup, _short_name(setup, most), most), (_short_phase(setup), role)
    else:
        name, phase = _called(setup, _long_name(setup), NAME_CELLS), (f"{word:<{PHASE_CELLS}}", role)
    return (name, phase, (shortened(setup.waiting_for, cells - line_width((name, phase))), "text"))


def _reason(view: View, setup: SetupView, cells: int) -> Line:
    """The gate's numbers whole: the sign says that it is blocked where the word would cut them."""
    drawn: Line = ((" " * INDENT, "text"),)
    told = [(words, role) for words, role in ((setup.beyond_backtest, "warn"), (setup.backtest, "dim")) if words]
    beside = sum(width(words) + 2 for words, _ in told)
    drawn = (*drawn, *_gate(view, setup, cells - line_width(drawn), beside))
    for words, role in told:
        if line_width(drawn) + width(words) + 2 <= cells:
            drawn = (*drawn, (f"  {words}", role))
    return drawn


def _one(view: View, setup: SetupView, cells: int) -> Line:
    gate = f"{view.glyphs.yes} " if setup.gate_would_approve else f"{view.glyphs.no} "
    word, role = PHASES[setup.phase]
    if cells < BOTH:
        return ((gate, _gate_role(setup)), *_head(setup, cells - len(gate)))
    room = (cells - NAME_CELLS - 1 - PHASE_CELLS) // 2
    answer = _allowed(setup) if setup.gate_would_approve else shortened(plain_reason(setup.gate_reason), room - 3)
    return (
        _called(setup, _long_name(setup), NAME_CELLS),
        (f"{word:<{PHASE_CELLS}}", role),
        (left(shortened(setup.waiting_for, room), room) + " ", "text"),
        (gate, _gate_role(setup)),
        (answer, "dim"),
    )


def _gate(view: View, setup: SetupView, cells: int, beside: int) -> tuple[Span, ...]:
    """What the gate says. The word for blocked stands only where it leaves room for `beside`."""
    if setup.gate_would_approve:
        return ((f"{view.glyphs.yes} {_allowed(setup)}", "good"),)
    sign, reason = f"{view.glyphs.no} ", plain_reason(setup.gate_reason)
    if width(sign + BLOCKED + reason) + beside <= cells and cells > WIDE - INDENT:
        sign += BLOCKED
    return ((sign, "bad"), (shortened(reason, cells - width(sign)), "dim"))


def _allowed(setup: SetupView) -> str:
    size = "full size" if setup.size_factor == 1.0 else f"{setup.size_factor:.2f}x size"
    return f"allowed: {setup.side}, {size}"


def _long_name(setup: SetupView) -> str:
    return setup.name.replace("_", " ")


def _short_phase(setup: SetupView) -> str:
    return f"{SHORT_PHASES[setup.phase]:<{SHORT_PHASE_CELLS}}"


def _short_name(setup: SetupView, most: int) -> str:
    """A name that is too long: its asset first, its side left out, then as many words as fit.

    What is cut must not be what tells two setups apart.
    """
    name = _long_name(setup).replace(".", " ")
    if len(name) <= most:
        return name
    words = [setup.asset, *(word for word in name.split() if word.lower() not in (setup.asset.lower(), setup.side))]
    while len(" ".join(words)) > most and len(words) > 2:
        words.pop()
    return " ".join(words)


def _gate_role(setup: SetupView) -> str:
    return "good" if setup.gate_would_approve else "bad"
