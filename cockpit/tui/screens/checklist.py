"""Before a session: what the engine can see for itself is ticked or not; what only the operator knows is asked."""

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType

from cockpit.domain.kinds import EngineState, FeedState
from cockpit.domain.numbers import apart, counted
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import ProcessView
from cockpit.tui import numbers
from cockpit.tui.messages import PointTicked
from cockpit.tui.picture import Appearance
from cockpit.tui.screens.sheet import Sheet
from cockpit.tui.text import Line, wrap
from cockpit.tui.view import View, halted_text

# The checklist as a sheet: what is the engine's to tick is read, what is the operator's is ticked here.

CURSOR = "cursor"


class ChecklistSheet(Sheet):
    """Arrows choose one of the operator's points, space or Enter ticks it, which the app keeps."""

    HINT = "space ticks, / searches, Esc closes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "close", "close", show=False),
        Binding("space,enter", "tick", "tick", show=False),
        Binding("up,k", "choose(-1)", show=False),
        Binding("down,j", "choose(1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, view: Callable[[], View], appearance: Appearance, ticked: Callable[[], frozenset[str]]) -> None:
        super().__init__("Before the session", self._drawn, view, appearance)
        self._ticked = ticked
        self._chosen = 0

    def action_tick(self) -> None:
        """Tick the chosen point, or take its tick back."""
        points = self._points
        if points:
            self.post_message(PointTicked(points[min(self._chosen, len(points) - 1)]))

    def action_choose(self, steps: int) -> None:
        """The next point, or the one before; past the ends the sheet scrolls."""
        wanted = self._chosen + steps
        if not 0 <= wanted < len(self._points):
            self.action_scroll(steps)
            return
        self._chosen = wanted
        self.show_row(lambda line: any(role == CURSOR for _, role in line))

    @property
    def _points(self) -> tuple[str, ...]:
        return self._view().store.briefing.checklist

    def _drawn(self, view: View, cells: int) -> list[Line]:
        return lines(view, cells, self._ticked(), self._chosen)


TICKED, UNTICKED = "[x]", "[ ]"


class Seen(NamedTuple):
    """One thing the engine knows: in order (True), not (False), or unknown (None)."""

    ok: bool | None
    text: str


def lines(view: View, cells: int, ticked: frozenset[str] = frozenset(), chosen: int | None = None) -> list[Line]:
    """The plan, what the engine sees, what the operator must, and the arithmetic.

    `ticked` are the operator's points of the day, `chosen` the number of the one under the cursor.
    """
    briefing, now = view.store.briefing, view.snapshot
    drawn: list[Line] = [((briefing.session or "no session named", "strong"),)]
    drawn += [((row, "text"),) for row in wrap(briefing.thesis, cells)]
    drawn += [((f"  {share}", "dim"),) for share in briefing.bias]
    drawn += [(), (("Seen by the engine", "info"),)]
    for seen in what_is_seen(now, view.store.process):
        drawn += _seen(view, seen, cells)
    drawn += _own(view, cells, ticked, chosen)
    drawn += [(), (("What may be risked", "info"),)]
    for sentence in limits(view):
        parts = enumerate(wrap(sentence, cells - 4))
        drawn += [((f"{'    ' if number else '  '}{row}", "text"),) for number, row in parts]
    if briefing.arithmetic:
        drawn += [(), (("What the numbers come to", "info"),), *(((f"  {row}", "dim"),) for row in briefing.arithmetic)]
    return drawn


def ticked_text(view: View, ticked: frozenset[str]) -> str:
    """How many of the operator's own points are ticked; empty where the config has none."""
    points = view.store.briefing.checklist
    return f"{sum(point in ticked for point in points)} of {len(points)} ticked today" if points else ""


def _own(view: View, cells: int, ticked: frozenset[str], chosen: int | None) -> list[Line]:
    """The operator's points, ticked by hand."""
    points = view.store.briefing.checklist
    if not points:
        return [(), (("For you to look at", "info"),), (("  the config has no checklist", "dim"),)]
    drawn: list[Line] = [(), (("For you to look at", "info"), (f"   {ticked_text(view, ticked)}", "dim"))]
    last = min(chosen, len(points) - 1) if chosen is not None else None
    for number, point in enumerate(points):
        sign, role = (TICKED, "good") if point in ticked else (UNTICKED, "text")
        cursor = "cursor" if number == last else ""
        for row, text in enumerate(wrap(point, cells - 6)):
            box = sign if row == 0 else "   "
            drawn.append(((f"  {box} ", cursor or role), (text, cursor or "text")))
    return drawn


def limits(view: View, only: str = "") -> list[str]:
    """The limits in money, of every mode or of `only` one; for the checklist, and the ceremony before real money."""
    now = view.snapshot
    rows = [f"{mode}: {sentence}" for mode, sentence in view.store.briefing.mode_limits if only in ("", mode)]
    if now is not None:
        rows.append(
            f"limits: day's loss {numbers.money(now.daily_loss_limit_usd)} USD, "
            f"session drawdown {numbers.money(now.drawdown_limit_usd)} USD"
        )
    return rows


def what_is_seen(now: Snapshot | None, process: ProcessView | None) -> list[Seen]:
    """Everything that can be ticked without asking."""
    if now is None:
        return [Seen(None, "no word from the engine yet")]
    wanted = [feed for feed in now.feeds if feed.state is not FeedState.OFF]
    old = [feed.name for feed in wanted if feed.state is not FeedState.FRESH]
    health = now.health
    seen = [
        Seen(not old, "every feed is fresh" if not old else f"{counted(len(old), 'feed')} not fresh: {', '.join(old)}"),
        Seen(now.halt is None, "not halted" if now.halt is None else f"halted: {halted_text(now.halt)}"),
        Seen(not now.stand_downs, _stand_downs(now)),
        Seen(now.account.losses_since_review == 0, f"losses since the last review: {now.account.losses_since_review}"),
        Seen(_left(now) > 0, f"{_left(now)} of {now.max_trades_per_day} trades left today"),
        Seen(_health_ok(now), _health_text(now) if health.watched else "health factor: not watched"),
        Seen(now.state is not EngineState.FLATTENING, "not flattening"),
        _positioning(now),
        _funding(now),
        _entries_health(now),
    ]
    if process is not None:
        seen.append(_api(process))
        journal = "the journal writes" if process.journal_ok else f"the journal fails: {process.journal_error}"
        recording = (
            f"recording fails: {process.recording_error}" if process.recording_error else "the session is recorded"
        )
        seen += [Seen(process.journal_ok, journal), Seen(not process.recording_error, recording)]
        seen.append(Seen(not process.faults, f"{process.faults} faults in the engine {process.last_fault}".strip()))
    return seen


def _seen(view: View, seen: Seen, cells: int) -> list[Line]:
    sign = "?" if seen.ok is None else (view.glyphs.yes if seen.ok else view.glyphs.no)
    role = "warn" if seen.ok is None else ("good" if seen.ok else "bad")
    rows = list(wrap(seen.text, cells - 6))
    return [((f"  {sign if number == 0 else ' '}   ", role), (row, "text")) for number, row in enumerate(rows)]


def _stand_downs(now: Snapshot) -> str:
    return "; ".join(stand_down.sentence for stand_down in now.stand_downs) or "nothing stands the engine down"


def _left(now: Snapshot) -> int:
    return max(0, now.max_trades_per_day - now.account.trades_today)


def _health_ok(now: Snapshot) -> bool | None:
    health = now.health
    if not health.watched:
        return None
    return health.no_debt or (health.value is not None and health.value >= health.warn_under)


def _health_text(now: Snapshot) -> str:
    health = now.health
    if health.no_debt:
        return "health factor: no debt"
    return f"health factor {numbers.health(health.value)}, warned under {health.warn_under:.2f}"


def _positioning(now: Snapshot) -> Seen:
    """The short share of each asset, beside where it forbids shorts."""
    missing = [asset.asset for asset in now.assets if asset.short_pct is None]
    if missing:
        return Seen(False, f"positioning read: no reading of {', '.join(missing)}")
    shares = (f"{asset.asset} short {asset.short_pct:.1f}/{asset.no_short_at_pct:g} %" for asset in now.assets)
    return Seen(True, f"positioning read: {', '.join(shares)}")


def _funding(now: Snapshot) -> Seen:
    """Both venues' funding of the first asset, which the gate compares."""
    asset = now.assets[0] if now.assets else None
    if asset is None or asset.funding_spread_bps is None:
        return Seen(False, f"funding split read: no reading of both venues for {asset.asset if asset else 'any asset'}")
    rates = ", ".join(f"{rate.venue} {rate.rate_bps_8h:+.2f}" for rate in asset.funding)
    return Seen(True, f"funding split read: {asset.asset} {rates}, spread {asset.funding_spread_bps:+.2f} bps")


def _entries_health(now: Snapshot) -> Seen:
    """The health factor that entries need; unknown where nobody watches it."""
    health, limit = now.health, now.health.entries_stop_under
    if not health.watched:
        return Seen(None, "health factor for entries: not watched")
    if health.no_debt:
        return Seen(True, "health factor for entries: no debt")
    value = "unknown" if health.value is None else apart(health.value, limit, ".2f", health.warn_under)
    return Seen(
        health.value is not None and health.value >= limit, f"health factor for entries: {value}, from {limit:.2f}"
    )


def _api(process: ProcessView) -> Seen:
    """What this screen reads came over it; programs need its address too."""
    if not process.url:
        return Seen(None, "the API listens nowhere but on this profile's socket: programs cannot reach it")
    return Seen(True, f"the API answers at {process.url}")
