"""A report's trades as rows of a table: the columns of `cockpit report --csv`, and what each of them holds."""

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from cockpit.domain.numbers import without_noise
from cockpit.domain.units import ns_to_seconds, utc_text
from cockpit.journal.report_history import History, Traded
from cockpit.journal.sessions import FeedKind

RISKY_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A text beginning so is a formula to a spreadsheet."""


class Column(NamedTuple):
    """One column: its name with the unit, what it holds, and how it is found."""

    name: str
    holds: str
    of: Callable[[Traded], Any]


def _moment(ts_ns: int | None) -> str:
    return utc_text(ts_ns) if ts_ns is not None else ""


def _held_s(one: Traded) -> float | None:
    opened_ns, closed_ns = one.trade.opened_ns, one.trade.closed_ns
    return ns_to_seconds(closed_ns - opened_ns) if opened_ns is not None and closed_ns is not None else None


def _slippage_bps(one: Traded) -> float | None:
    return one.trade.slippage_bps if one.trade.opened_ns is not None else None


def _allowed_usd(one: Traded) -> float | None:
    return one.sizing.allowed_usd if one.sizing is not None else None


def _market(one: Traded) -> str:
    return "" if one.feed is FeedKind.LIVE else one.feed.name


COLUMNS = (
    Column("trade_id", "the trade's name in the journal", lambda one: one.trade.trade_id),
    Column("setup", "the setup, or the outside strategy, that proposed it", lambda one: one.trade.setup),
    Column("asset", "what was traded", lambda one: one.trade.asset),
    Column("side", "`long` or `short`", lambda one: one.trade.side.value),
    Column("venue", "where", lambda one: one.trade.venue),
    Column("mode", "whose money: `paper`, `test` or `live`", lambda one: one.trade.mode.value),
    Column("feed", "the market it saw: `live`, `simulated` or `recorded`", lambda one: one.feed.value),
    Column("phase", "`closed`, or how far it got", lambda one: one.trade.phase.value),
    Column("decided_utc", "when the gate approved it", lambda one: utc_text(one.trade.decided_ns)),
    Column("opened_utc", "when its entry first filled", lambda one: _moment(one.trade.opened_ns)),
    Column("closed_utc", "when the last of it was closed", lambda one: _moment(one.trade.closed_ns)),
    Column("held_s", "from the first fill to the close", _held_s),
    Column("notional_usd", "what was traded of it, in whole lots", lambda one: one.trade.notional_usd),
    Column("entry_qty", "base coins filled", lambda one: one.trade.entry_qty),
    Column("decision_price", "the price it was decided at", lambda one: one.trade.decision_price),
    Column("entry_price", "the average entry", lambda one: one.trade.entry_price or None),
    Column("exit_price", "the average exit", lambda one: one.trade.exit_price or None),
    Column("stop_bps", "the protective stop's distance", lambda one: one.trade.stop_bps),
    Column("risk_usd", "1 R: the loss at the first stop, fees included", lambda one: one.trade.risk_usd),
    Column("risk_of", "whose: `trade`, or `base_unit` as 0.1.0 counted", lambda one: one.trade.risk_of.value),
    Column("gross_usd", "before fees and funding", lambda one: one.trade.gross_usd),
    Column("fees_usd", "fees paid", lambda one: one.trade.fees_usd),
    Column("funding_usd", "funding received, negative when paid", lambda one: one.trade.funding_usd),
    Column("pnl_usd", "net: gross - fees + funding", lambda one: one.trade.pnl_usd),
    Column("r", "net, in units of `risk_usd`", lambda one: one.trade.r),
    Column("slippage_bps", "the entry against the decision, positive = worse", _slippage_bps),
    Column("decision_to_fill_ms", "from the decision to the first fill", lambda one: one.trade.decision_to_fill_ms),
    Column("exit_reason", "why it ended", lambda one: one.trade.exit_reason.value if one.trade.exit_reason else ""),
    Column("exit_detail", "the sentence behind it", lambda one: one.trade.exit_detail),
    Column("verdict_id", "the gate's verdict, as `/api/verdicts` names it", lambda one: one.trade.verdict_id),
    Column("signal_id", "the outside signal's id, empty for a setup", lambda one: one.trade.signal_id),
    Column(
        "exit_slippage_bps",
        "the exits against their stops, targets and closes",
        lambda one: one.trade.exit_slippage_bps,
    ),
    Column("mae_bps", "how far the market went against it, of the entry", lambda one: one.trade.mae_bps),
    Column("mfe_bps", "how far it went in its favour", lambda one: one.trade.mfe_bps),
    Column("market", "`SIMULATED` or `RECORDED` where no real market was traded, else empty", _market),
    Column("asked_usd", "what was proposed, before the gate", lambda one: one.trade.requested_usd),
    Column("allowed_usd", "what the gate's factors left of it, before lots", _allowed_usd),
)


def trades_csv(history: History) -> str:
    """Every trade as a row, closed ones first; a header line, commas, `\\n`; what is unknown is empty."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow([column.name for column in COLUMNS])
    writer.writerows(_rows(history))
    return sheet.getvalue()


def _rows(history: History) -> Iterator[list[Any]]:
    for one in (*history.closed, *history.rest):
        yield [_cell(column.of(one)) for column in COLUMNS]


def _cell(value: Any) -> Any:
    """Numbers without the float's noise; text that no spreadsheet takes for a formula."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(RISKY_STARTS) else value
    return "" if value is None else without_noise(value)
