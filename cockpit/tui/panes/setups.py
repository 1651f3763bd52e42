"""Setups: what each waits for, and whether the gate would let it through right now."""

from cockpit.domain.kinds import SetupPhase
from cockpit.domain.signal_sources import SourceView
from cockpit.domain.snapshot import SetupView, Snapshot
from cockpit.tui import numbers
from cockpit.tui.text import Line, Span, cut, left
from cockpit.tui.view import UNKNOWN_LINE, View

NARROW, WIDE, WORDED = 50, 76, 90
SHORT_NAME = 14
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
    """Two lines a setup where there is room for all, else the one that says most; sources of signals among them.

    A source that is cut off stands first, the others last.
    """
    snapshot = view.snapshot
    if snapshot is None:
        return [UNKNOWN_LINE]
    setups, sources = snapshot.setups, snapshot.sources
    cut_off = [_cut_off(view, source) for source in sources if source.cut_off]
    taken = [_taken(source) for source in sources if not source.cut_off]
    if not setups:
        return [*cut_off, (("no setup is configured", "dim"),), *taken]
    if rows >= rows_for_all(snapshot):
        pairs = [line for setup in setups for line in (_head(setup, cells), _reason(view, setup, cells))]
        return [*cut_off, *pairs, *taken]
    return [*cut_off, *(_one(view, setup, cells) for setup in setups), *taken]


def rows_for_all(snapshot: Snapshot) -> int:
    """Two for a setup, one for a source."""
    return 2 * len(snapshot.setups) + len(snapshot.sources)


def cut_reason(source: SourceView) -> str:
    """Why it is cut off, without saying again that it is."""
    return source.cut_off.removeprefix("cut off: ").removeprefix("cut off ")


def _cut_off(view: View, source: SourceView) -> Line:
    return ((f"{view.glyphs.no} {source.name} ", "strong"), ("CUT OFF", "alarm"), (f" {cut_reason(source)}", "bad"))


def _taken(source: SourceView) -> Line:
    word, role = ("shadow", "info") if source.shadow else ("signals", "text")
    used = (
        f"{source.proposals_last_minute} of {source.proposals_per_minute} a minute, "
        f"{source.open_trades} of {source.open_limit} open, lost {numbers.money(source.loss_usd)} of "
        f"{numbers.money(source.loss_limit_usd)} USD, "
        f"sent {numbers.whole(source.notional_usd)} of {numbers.whole(source.notional_limit_usd)}"
    )
    return ((left(source.name, NAME_CELLS) + " ", "strong"), (f"{word:<9} ", role), (used, "dim"))


def _called(setup: SetupView, name: str, cells: int) -> Span:
    """Its name, with a mark where its results leave what its backtest showed."""
    if setup.beyond_backtest:
        return (left(f"{cut(name, cells - 1)}!", cells) + " ", "warn")
    return (left(name, cells) + " ", "strong")


def _head(setup: SetupView, cells: int) -> Line:
    word, role = PHASES[setup.phase]
    told = (setup.waiting_for, "text")
    if cells < WIDE:
        return (_called(setup, _short_name(setup), SHORT_NAME), (f"{SHORT_PHASES[setup.phase]:<6}", role), told)
    return (_called(setup, setup.name.replace("_", " "), NAME_CELLS), (f"{word:<9} ", role), told)


def _reason(view: View, setup: SetupView, cells: int) -> Line:
    """The gate's numbers whole: the sign says that it is blocked where the word would cut them."""
    told = ((setup.beyond_backtest, "warn"), (setup.backtest, "dim"))
    backtest = tuple((f"  {words}", role) for words, role in told if words)
    return (("    " if cells >= WORDED else "  ", "text"), *_gate(view, setup, cells), *backtest)


def _one(view: View, setup: SetupView, cells: int) -> Line:
    gate = f"{view.glyphs.yes} " if setup.gate_would_approve else f"{view.glyphs.no} "
    word, role = PHASES[setup.phase]
    if cells < NARROW:
        short, phase = _short_name(setup), SHORT_PHASES[setup.phase]
        name, told = _called(setup, short, SHORT_NAME), (setup.waiting_for, "text")
        return ((gate, _gate_role(setup)), name, (f"{phase:<6}", role), told)
    name = _called(setup, setup.name.replace("_", " "), NAME_CELLS)
    if cells < WIDE:
        return ((gate, _gate_role(setup)), name, (f"{word:<9} ", role), (setup.waiting_for, "text"))
    waiting = left(setup.waiting_for, (cells - NAME_CELLS - 11) // 2)
    answer = _allowed(setup) if setup.gate_would_approve else setup.gate_reason
    return (
        name,
        (f"{word:<9} ", role),
        (waiting + " ", "text"),
        (gate, _gate_role(setup)),
        (answer, "dim"),
    )


def _gate(view: View, setup: SetupView, cells: int) -> tuple[Span, ...]:
    if setup.gate_would_approve:
        return ((f"{view.glyphs.yes} {_allowed(setup)}", "good"),)
    return ((f"{view.glyphs.no} {'blocked: ' if cells >= WORDED else ''}", "bad"), (setup.gate_reason, "dim"))


def _allowed(setup: SetupView) -> str:
    size = "full size" if setup.size_factor == 1.0 else f"{setup.size_factor:.2f}x size"
    return f"allowed: {setup.side}, {size}"


def _short_name(setup: SetupView) -> str:
    """A name that is too long, with its asset first: what is cut must not be what tells two setups apart."""
    name = setup.name.replace("_", " ").replace(".", " ")
    if len(name) <= SHORT_NAME:
        return name
    rest = " ".join(word for word in name.split() if word.upper() != setup.asset)
    return f"{setup.asset} {rest}"


def _gate_role(setup: SetupView) -> str:
    return "good" if setup.gate_would_approve else "bad"
