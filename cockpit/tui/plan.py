"""Where each pane goes, at any size: one pure function. Textual only asks it, the first picture does without."""

from typing import NamedTuple

from cockpit.tui.layouts import Named, Region, large, regions
from cockpit.tui.panes.trades import TRADE_CELLS

WIDE, MEDIUM = 110, 72
TALL = 34
LARGE, LARGE_ROWS = 156, 44
LADDER_CELLS = 36
HEALTH_CELLS = 29
GATE_SHARE = 0.26


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
    trades: int = 0,
    layout: Named | None = None,
) -> Plan:
    """Regions by pane for a screen of this size; a pane without one is not drawn.

    The status line is always there; news and keys give way first. `alert` (a flatten, a lost link) lies over the
    panes' first rows, so that nothing moves when it comes. `trades` is how many there are to show.
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
        found |= {zoomed: body} if zoomed else _body(body, trades, layout)
    return Plan(found, status_rows)


def _body(body: Region, trades: int, layout: Named | None) -> dict[str, Region]:
    if layout is not None and body.width >= layout.columns and body.height >= layout.rows:
        return regions(layout.split, body)
    if body.width >= LARGE and body.height >= LARGE_ROWS:
        return regions(large(body.width), body)
    if body.width >= WIDE and body.height >= TALL - 4:
        return _six(body, trades)
    if body.width >= MEDIUM and body.height >= 14:
        return _four(body, trades)
    return _column(body, trades)


def _six(body: Region, trades: int) -> dict[str, Region]:
    """Ladder at the left, readings over trades over setups at the right, the log below everything."""
    x, y, width, height = body
    log = max(6, int(height * GATE_SHARE))
    upper = height - log
    ladder = LADDER_CELLS + (width - WIDE) // 10
    right_x, right = x + ladder, width - ladder
    readings = min(11, upper - 9)
    trades_rows = max(3, min(_trade_rows(trades, right) + 3, upper - readings - 4))
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
    """How many rows that many trades take, one less for none."""
    return max(1, trades * (2 if cells >= TRADE_CELLS + 4 else 3))


def _four(body: Region, trades: int) -> dict[str, Region]:
    """Ladder beside trades and setups, the log below."""
    x, y, width, height = body
    log = max(4, height // 4)
    upper = height - log
    ladder = max(30, min(LADDER_CELLS, int(width * 0.42)))
    trades_rows = max(3, min(_trade_rows(trades, 0) + 3, upper - 4))
    return {
        "bands": Region(x, y, ladder, upper),
        "trades": Region(x + ladder, y, width - ladder, trades_rows),
        "setups": Region(x + ladder, y + trades_rows, width - ladder, upper - trades_rows),
        "gate_log": Region(x, y + upper, width, log),
    }


def _column(body: Region, trades: int) -> dict[str, Region]:
    """One under the other: trades, then the log; the ladder's distances where rows are left."""
    x, y, width, height = body
    trades_rows = min(height, max(3, _trade_rows(trades, 0) + 3))
    rest = height - trades_rows
    found = {"trades": Region(x, y, width, trades_rows if rest >= 3 else height)}
    if rest < 3:
        return found
    ladder = min(9, rest - 4) if rest >= 8 else 0
    if ladder >= 4:
        found["bands"] = Region(x, y + trades_rows, width, ladder)
    else:
        ladder = 0
    found["gate_log"] = Region(x, y + trades_rows + ladder, width, rest - ladder)
    return found
