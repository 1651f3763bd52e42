"""Where each pane goes, at any size: one pure function. Textual only asks it, the first picture does without."""

from typing import NamedTuple

from cockpit.tui.layouts import Named, Region, large, regions
from cockpit.tui.panes.trades import TRADE_CELLS
from cockpit.tui.picture import FRAME_CELLS, FRAME_ROWS

WIDE, MEDIUM = 110, 72
TALL = 34
LARGE, LARGE_ROWS = 156, 44
LADDER_CELLS = 36
HEALTH_CELLS = 29
GATE_SHARE = 0.26
USUAL_TRADES = 3
"""So many trades there is room for while the engine has not said how many may be open."""
MOST_SHARE = 0.6
"""What the trades get of a column or of a side at most."""
LOG_ROWS, BRIEF_LADDER_ROWS = 4, 4
LEAST_LOG_ROWS = 4
USUAL_SETUP_ROWS = 10


class Plan(NamedTuple):
    """What stands where. `status_rows` is how many rows the status line got."""

    regions: dict[str, Region]
    status_rows: int


def plan(
    columns: int,
    rows: int,
    *,
    zoomed: str | None = None,
    alert_rows: int = 0,
    trades: int = USUAL_TRADES,
    setup_rows: int = USUAL_SETUP_ROWS,
    most_setup_rows: int = USUAL_SETUP_ROWS,
    layout: Named | None = None,
) -> Plan:
    """Regions by pane for a screen of this size; a pane without one is not drawn.

    The status line is always there; news and keys give way first. `alert` (a flatten, a lost link) lies over the
    panes' first rows, so that nothing moves when it comes. `trades` is how many there can be: there is
    room for them from the beginning, so that nothing moves when one opens. `setup_rows` is what the setups take with
    what each waits for and why the gate blocks it; `most_setup_rows` with a row for every source of signals too.
    `layout` stands in place of the form for this size where it has the room.
    """
    status_rows = min(rows, 1 if columns >= WIDE else 2)
    found = {"status": Region(0, 0, columns, status_rows)}
    top, bottom = status_rows, rows
    if bottom - top >= 6:
        bottom -= 1
        found["footer"] = Region(0, bottom, columns, 1)
    if bottom - top >= 10:
        bottom -= 1
        found["news"] = Region(0, bottom, columns, 1)
    if alert_rows and bottom > top:
        found["alert"] = Region(0, top, columns, min(alert_rows, bottom - top))
    body = Region(0, top, columns, max(0, bottom - top))
    if body.height >= 3 and body.width >= 8:
        found |= {zoomed: body} if zoomed else _body(body, trades, setup_rows, most_setup_rows, layout)
    return Plan(found, status_rows)


def _body(body: Region, trades: int, setup_rows: int, most_setup_rows: int, layout: Named | None) -> dict[str, Region]:
    if layout is not None and body.width >= layout.columns and body.height >= layout.rows:
        return regions(layout.split, body)
    if body.width >= LARGE and body.height >= LARGE_ROWS:
        return regions(large(body.width, most_setup_rows + FRAME_ROWS), body)
    if body.width >= WIDE and body.height >= TALL - 4:
        return _six(body, trades, setup_rows)
    if body.width >= MEDIUM and body.height >= 14:
        return _four(body, trades)
    return _column(body, trades)


def _six(body: Region, trades: int, setup_rows: int) -> dict[str, Region]:
    """Ladder at the left, readings over trades over setups at the right, the log below everything.

    The log gives rows to the setups where each of them then has its two.
    """
    x, y, width, height = body
    log = max(6, int(height * GATE_SHARE))
    upper = height - log
    ladder = LADDER_CELLS + (width - WIDE) // 10
    right_x, right = x + ladder, width - ladder
    readings = min(11, upper - 9)
    trades_rows = max(3, min(_trade_rows(trades, right), upper - readings - 4))
    whole = height - readings - trades_rows - setup_rows - FRAME_ROWS
    log = min(log, whole) if whole >= LEAST_LOG_ROWS else log
    upper = height - log
    setups_rows = upper - readings - trades_rows
    health_x = right_x + right - HEALTH_CELLS
    return {
        "bands": Region(x, y, ladder, upper),
        "positioning": Region(right_x, y, right - HEALTH_CELLS, readings),
        "health": Region(health_x, y, HEALTH_CELLS, readings),
        "trades": Region(right_x, y + readings, right, trades_rows),
        "setups": Region(right_x, y + readings + trades_rows, right, setups_rows),
        "gate_log": Region(x, y + upper, width, log),
    }


def _trade_rows(trades: int, cells: int) -> int:
    """How many rows that many trades take, with what stands under them and the frame."""
    return max(1, trades) * (2 if cells >= TRADE_CELLS + FRAME_CELLS else 3) + 1 + FRAME_ROWS


def _four(body: Region, trades: int) -> dict[str, Region]:
    """Ladder beside trades and setups, the log below."""
    x, y, width, height = body
    log = max(4, height // 4)
    upper = height - log
    ladder = max(30, min(LADDER_CELLS, int(width * 0.42)))
    trades_rows = max(3, min(_trade_rows(trades, 0), int(upper * MOST_SHARE)))
    return {
        "bands": Region(x, y, ladder, upper),
        "trades": Region(x + ladder, y, width - ladder, trades_rows),
        "setups": Region(x + ladder, y + trades_rows, width - ladder, upper - trades_rows),
        "gate_log": Region(x, y + upper, width, log),
    }


def _column(body: Region, trades: int) -> dict[str, Region]:
    """One under the other: trades, then the log; the ladder's distances where rows are left."""
    x, y, width, height = body
    if height < 6:
        return {"trades": body}
    trades_rows = max(3, min(_trade_rows(trades, 0), int(height * MOST_SHARE)))
    rest = height - trades_rows
    ladder = min(9, rest - LOG_ROWS) if rest >= LOG_ROWS + BRIEF_LADDER_ROWS else 0
    found = {"trades": Region(x, y, width, trades_rows)}
    if ladder:
        found["bands"] = Region(x, y + trades_rows, width, ladder)
    found["gate_log"] = Region(x, y + trades_rows + ladder, width, rest - ladder)
    return found
