"""The watched wallet's Aave health factor: how far it is from stopping entries, and from flattening everything."""

from collections.abc import Sequence

from cockpit.domain.kinds import Reading
from cockpit.domain.snapshot import HealthDrop, HealthView
from cockpit.tui import numbers
from cockpit.tui.panes import blocks
from cockpit.tui.text import Line, in_columns, line_width, wrap
from cockpit.tui.view import UNKNOWN_LINE, View, age_span

DROPS_PCT = (5, 10, 20, 30, 40, 50)
FINER_DROPS_PCT = (5, 10, 15, 20, 25, 30, 35, 40, 45, 50)
"""Where rows are left."""
LEDGER: Line = (("Ledger: read-only", "dim"),)
TREND_OVER = 12
FLAT_TREND = 0.005
LEAST_CURVE_ROWS, MOST_CURVE_ROWS, CURVE_LABEL_CELLS = 3, 16, 6
HALF_CELLS = 24
"""The figures, or two drops; with room for both the table of drops stands beside the figures."""


def lines(view: View, cells: int, rows: int) -> list[Line]:
    """Value, distances, debt and the drop table, the most urgent first."""
    snapshot = view.snapshot
    if snapshot is None:
        return [UNKNOWN_LINE]
    health = snapshot.health
    drawn = [_head(view, health)]
    if not health.watched:
        text = health.detail or "no Aave address is configured"
        return [*drawn, *(((row, "dim"),) for row in wrap(text, cells)), LEDGER][:rows]
    alone = [_alone(drop) for drop in health.drops]
    beside = _beside(health, cells) if rows > len(FINER_DROPS_PCT) // 2 else []
    if beside:
        drawn += [*beside, *alone]
        return [*drawn[:rows], *_curve(view, cells, rows - len(drawn))]
    collateral, debt = _balances(health)
    drawn += [*_distances(health), (*collateral, ("  ", "text"), *debt)]
    room = max(0, rows - len(drawn) - 1)
    has_room = room >= len(FINER_DROPS_PCT) // 2 + len(alone)
    table = [*_drops(health, FINER_DROPS_PCT if has_room else DROPS_PCT), *alone]
    drawn += table[:room]
    return [*drawn, LEDGER, *_curve(view, cells, rows - len(drawn) - 1)]


def _beside(health: HealthView, cells: int) -> list[Line]:
    """The figures and the table of drops side by side; nothing where there is no table, or no room."""
    table = [(*row[:-1], (row[-1][0].rstrip(), row[-1][1])) for row in _drops(health, FINER_DROPS_PCT)]
    if not table or cells < 2 * HALF_CELLS + 2 or max(map(line_width, table)) > HALF_CELLS:
        return []
    figures = [*_distances(health), *_balances(health), LEDGER]
    return in_columns([*figures, *table], cells, len(table), HALF_CELLS)


def _head(view: View, health: HealthView) -> Line:
    if not health.watched:
        return (("not watched", "warn"),)
    age = age_span(view.feeds(Reading.HEALTH_FACTOR))
    if health.no_debt:
        return (("no debt", "good"), ("  cannot be liquidated  ", "dim"), age)
    if health.value is None:
        return (("unknown ", "bad"), (health.detail, "dim"), (" ", "dim"), age)
    word, role = _text(health, health.value)
    return (
        (f"{numbers.health(health.value)} ", role if role != "good" else "strong"),
        (f"{word} ", role),
        (f"{_trend(view)}  ", "dim"),
        age,
    )


def _text(health: HealthView, value: float) -> tuple[str, str]:
    if value < health.flatten_under:
        return "FLATTEN", "alarm"
    if value < health.entries_stop_under:
        return "NO ENTRIES", "bad"
    return ("low", "warn") if value < health.warn_under else ("safe", "good")


def _trend(view: View) -> str:
    """Against a minute ago: up, down, or nothing where it stands still."""
    seen = list(view.store.health)[-TREND_OVER:]
    if len(seen) < 2 or abs(seen[-1][1] - seen[0][1]) < FLAT_TREND:
        return ""
    return view.glyphs.up if seen[-1][1] > seen[0][1] else view.glyphs.down


def _distances(health: HealthView) -> list[Line]:
    if health.value is None or health.no_debt:
        return []
    return [
        _distance("no entries", health.value, health.entries_stop_under),
        _distance("flatten all", health.value, health.flatten_under),
    ]


def _distance(what: str, value: float, limit: float) -> Line:
    """By how much the collateral may fall until the limit: the health factor falls in step with it."""
    drop_pct = (1.0 - limit / value) * 100.0
    text = f"-{drop_pct:.1f} %" if drop_pct > 0 else "PASSED"
    return ((f"{what:<12}", "dim"), (f"{limit:.2f} ", "text"), (f"{text:>7}", "text" if drop_pct > 10 else "warn"))


def _balances(health: HealthView) -> tuple[Line, Line]:
    return (
        (("coll ", "dim"), (numbers.whole(health.collateral_usd), "text")),
        (("debt ", "dim"), (numbers.whole(health.debt_usd), "text")),
    )


def _drops(health: HealthView, drops_pct: Sequence[int]) -> list[Line]:
    """Two to a row: the health factor after a price drop."""
    value = health.value
    if value is None or health.no_debt:
        return []
    cells = [_drop(health, value, drop) for drop in drops_pct]
    half = len(cells) // 2
    return [(*cells[row], *cells[row + half]) for row in range(half)]


def _alone(drop: HealthDrop) -> Line:
    """How far one asset alone must move for each health factor."""
    moves = "".join(
        f"  {numbers.health(to)} at {numbers.change(move) if move is not None else 'none'}" for to, move in drop.moves
    )
    return ((f"{drop.symbol} alone", "text"), (moves, "dim"))


def _curve(view: View, cells: int, rows: int) -> list[Line]:
    """The last ten minutes, where rows are left."""
    values = [value for _, value in view.store.health][-(cells - CURVE_LABEL_CELLS) :]
    if rows < LEAST_CURVE_ROWS or len(values) < 2:
        return []
    rows = min(rows, MOST_CURVE_ROWS)
    labels = {0: numbers.health(max(values)), rows - 1: numbers.health(min(values))}
    return [
        ((f"{labels.get(row, ''):>{CURVE_LABEL_CELLS - 1}} ", "faint"), (text, "info"))
        for row, text in enumerate(blocks.curve(values, rows, view.glyphs))
    ]


def _drop(health: HealthView, value: float, drop_pct: int) -> Line:
    after = value * (1.0 - drop_pct / 100.0)
    role = "bad" if after < health.flatten_under else ("warn" if after < health.entries_stop_under else "text")
    sign = "!!" if after < health.flatten_under else ("! " if after < health.entries_stop_under else "  ")
    return ((f"{-drop_pct:>4}% ", "dim"), (f"{numbers.health(after)}{sign}", role))
