"""A backtest as one page that needs nothing else: its data and its script are inside."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from cockpit.config.model import CockpitConfig
from cockpit.domain.numbers import without_noise
from cockpit.domain.units import NS_PER_DAY, NS_PER_MS, NS_PER_S
from cockpit.history.errors import HistoryError
from cockpit.history.store import Store
from cockpit.research.assumptions import Assumptions
from cockpit.research.backtest import Backtest, Result
from cockpit.research.tape import Tape, load_tape

AROUND_NS = 120 * NS_PER_S
MOST_POINTS, LEAST_POINTS, POINTS_OF_ALL = 240, 24, 120_000
"""A trade's chart is the coarser the more trades there are: each has one, and the page stays a few MB."""
TEMPLATE = "report_page.html"
PLACE_OF_DATA = "/*DATA*/"


def write_page(path: Path, backtest: Backtest, said: dict[str, Any], store: Store, config: CockpitConfig) -> None:
    """Write the page. Raises `HistoryError` where it cannot be written."""
    page = page_of(backtest, said, store, config)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise HistoryError(f"{path}: expected to write it, was {error.strerror or error}") from error


def page_of(backtest: Backtest, said: dict[str, Any], store: Store, config: CockpitConfig) -> str:
    """The page as text."""
    template = files("cockpit.research").joinpath(TEMPLATE).read_text(encoding="utf-8")
    trades = [_trade(result) for result in backtest.results]
    data = {**said, "trades": trades, "charts": _charts(backtest, store, config)}
    return template.replace(PLACE_OF_DATA, script_safe(json.dumps(without_noise(data))))


def script_safe(text: str) -> str:
    """JSON that no browser takes for the end of its script: what came from outside stays data."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _trade(result: Result) -> dict[str, Any]:
    trade = result.trade
    return {
        "id": trade.trade_id,
        "setup": trade.setup,
        "asset": trade.asset,
        "side": trade.side.value,
        "opened_ms": (trade.opened_ns or trade.decided_ns) // NS_PER_MS,
        "closed_ms": None if trade.closed_ns is None else trade.closed_ns // NS_PER_MS,
        "entry": trade.entry_price,
        "exit": trade.exit_price if trade.exit_qty > 0 else None,
        "stop": trade.initial_stop_price,
        "targets": [rung.price for rung in trade.rungs],
        "reason": trade.exit_reason.value if trade.exit_reason else "open",
        "qty": trade.entry_qty,
        "pnl_usd": result.pnl_usd,
        "r": result.r,
        "mae_bps": trade.mae_bps,
        "mfe_bps": trade.mfe_bps,
    }


def _charts(backtest: Backtest, store: Store, config: CockpitConfig) -> dict[str, list[list[float]]]:
    """The prints around each trade, thinned."""
    found: dict[str, list[list[float]]] = {}
    tape: Tape | None = None
    most = max(LEAST_POINTS, min(MOST_POINTS, POINTS_OF_ALL // max(1, len(backtest.results))))
    for result in backtest.results:
        trade = result.trade
        opened_ns = trade.opened_ns or trade.decided_ns
        day = opened_ns // NS_PER_DAY
        if tape is None or tape.day != day:
            tape = load_tape(store, config, day, Assumptions())
        points = _points(tape, config.assets[trade.asset].watch, trade.asset, opened_ns, trade.closed_ns, most)
        if points:
            found[trade.trade_id] = points
    return found


def _points(tape: Tape, venue: str, asset: str, opened_ns: int, closed_ns: int | None, most: int) -> list[list[float]]:
    prints = next((one for one in tape.prints if (one.venue, one.asset) == (venue, asset)), None)
    if prints is None:
        return []
    stamps = np.maximum.accumulate(prints.ts_ns)
    end_ns = (closed_ns if closed_ns is not None else int(stamps[-1])) + AROUND_NS
    first, end = (int(row) for row in stamps.searchsorted((opened_ns - AROUND_NS, end_ns)))
    rows = np.unique(np.linspace(first, max(first, end - 1), most).astype(int)).tolist() if end > first else []
    return [[int(stamps[row]) // NS_PER_MS, float(prints.price[row])] for row in rows]
