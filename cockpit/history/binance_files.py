"""Binance's public USD-M files: their columns, and each as the rows of a stored kind.

Stamps are whole numbers of ms or of µs (spot since 2025, and a file made anew may follow), or UTC text: which one is
read off the numbers themselves. A header is there or not by the file's age.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import AGG_TRADES, DEPTH_BANDS, FUNDING, POSITIONING, PREMIUM, TOPS, TRADES, Kind

METRICS_MOVED_NS = int(datetime(2026, 6, 25, tzinfo=UTC).timestamp()) * NS_PER_S
METRICS_WINDOW_NS = 300 * NS_PER_S
"""From that day on the label is the window's start: the row is known a window later than it says."""
MOST_WITHIN_A_BATCH = 2.0
"""No perpetual that is traded here doubles within some ten thousand tops."""
UNITS = (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000), ("ns", 1))
EARLIEST_S, LATEST_S = 1_230_768_000, 4_102_444_800
"""2009 to 2100: the ranges of the four units do not touch."""

_INT, _FLOAT, _BOOL, _TEXT, _SECONDS = pa.int64(), pa.float64(), pa.bool_(), pa.string(), pa.timestamp("s")


class FileFormat(NamedTuple):
    """A public file: its name at the exchange, what it becomes, its CSV columns in their old order without a header."""

    name: str
    kind: Kind
    columns: tuple[tuple[str, pa.DataType], ...]
    convert: Callable[[pa.RecordBatch], list[pa.Array]]


def stamps_ns(column: pa.Array) -> pa.Array:
    """Whole stamps as ns. Raises `HistoryError` where they are no stamps of one unit."""
    if pa.types.is_timestamp(column.type):
        return pc.multiply(column.cast(_INT), NS_PER_S)
    if not len(column):
        return column
    low, high = pc.min_max(column).values()
    for _, ns in UNITS:
        if low.as_py() * ns >= EARLIEST_S * NS_PER_S and high.as_py() * ns < LATEST_S * NS_PER_S:
            return pc.multiply(column, ns) if ns > 1 else column
    raise HistoryError(f"expected stamps of one unit (s, ms, µs or ns) from 2009 on, was {low} to {high}")


def _agg_trades(rows: pa.RecordBatch) -> list[pa.Array]:
    taker_is_buyer = pc.invert(rows["is_buyer_maker"])
    prints = [stamps_ns(rows["transact_time"]), rows["price"], rows["quantity"], taker_is_buyer]
    return [rows["agg_trade_id"], *prints, rows["first_trade_id"], rows["last_trade_id"]]


def _trades(rows: pa.RecordBatch) -> list[pa.Array]:
    return [rows["id"], stamps_ns(rows["time"]), rows["price"], rows["qty"], pc.invert(rows["is_buyer_maker"])]


def _tops(rows: pa.RecordBatch) -> list[pa.Array]:
    """The event's stamp is when the exchange sent it: the transaction's is earlier."""
    at_ns, sent_ns = stamps_ns(rows["transaction_time"]), stamps_ns(rows["event_time"])
    prices = [rows[name] for name in ("best_bid_price", "best_bid_qty", "best_ask_price", "best_ask_qty")]
    _refuse_mixed(prices[0])
    return [rows["update_id"], at_ns, pc.max_element_wise(at_ns, sent_ns), *prices]


def _refuse_mixed(bid_usd: pa.Array) -> None:
    """Some files of 2024 hold two instruments' rows in turn, and no column says whose a row is."""
    low, high = (value.as_py() for value in pc.min_max(bid_usd.filter(pc.greater(bid_usd, 0.0))).values())
    if low is not None and high > MOST_WITHIN_A_BATCH * low:
        raise HistoryError(f"expected tops of one instrument, was bids of {low:g} and {high:g}: two of them in turn")


def _depth_bands(rows: pa.RecordBatch) -> list[pa.Array]:
    return [stamps_ns(rows["timestamp"]), rows["percentage"], rows["depth"], rows["notional"]]


def _metrics(rows: pa.RecordBatch) -> list[pa.Array]:
    label_ns = stamps_ns(rows["create_time"])
    is_start = pc.greater_equal(label_ns, METRICS_MOVED_NS)
    known_ns = pc.if_else(is_start, pc.add(label_ns, METRICS_WINDOW_NS), label_ns)
    return [label_ns, known_ns, *(rows[name] for name, _ in _METRIC_FIGURES)]


def _funding(rows: pa.RecordBatch) -> list[pa.Array]:
    return [stamps_ns(rows["calc_time"]), rows["funding_interval_hours"], rows["last_funding_rate"]]


def _premium(rows: pa.RecordBatch) -> list[pa.Array]:
    """A bar is known when it has closed."""
    open_ns, close_ns = stamps_ns(rows["open_time"]), stamps_ns(rows["close_time"])
    if np.any(np.asarray(close_ns) // NS_PER_S != np.asarray(open_ns) // NS_PER_S + 59):
        raise HistoryError("expected premium index bars of one minute (1m), was another interval")
    return [open_ns, pc.add(close_ns, NS_PER_MS), *(rows[name] for name in ("open", "high", "low", "close"))]


_METRIC_FIGURES = (
    ("sum_open_interest", _FLOAT),
    ("sum_open_interest_value", _FLOAT),
    ("count_toptrader_long_short_ratio", _FLOAT),
    ("sum_toptrader_long_short_ratio", _FLOAT),
    ("count_long_short_ratio", _FLOAT),
    ("sum_taker_long_short_vol_ratio", _FLOAT),
)

FORMATS = {
    form.name: form
    for form in (
        FileFormat(
            "aggTrades",
            AGG_TRADES,
            (
                ("agg_trade_id", _INT),
                ("price", _FLOAT),
                ("quantity", _FLOAT),
                ("first_trade_id", _INT),
                ("last_trade_id", _INT),
                ("transact_time", _INT),
                ("is_buyer_maker", _BOOL),
            ),
            _agg_trades,
        ),
        FileFormat(
            "trades",
            TRADES,
            (
                ("id", _INT),
                ("price", _FLOAT),
                ("qty", _FLOAT),
                ("quote_qty", _FLOAT),
                ("time", _INT),
                ("is_buyer_maker", _BOOL),
            ),
            _trades,
        ),
        FileFormat(
            "bookTicker",
            TOPS,
            (
                ("update_id", _INT),
                ("best_bid_price", _FLOAT),
                ("best_bid_qty", _FLOAT),
                ("best_ask_price", _FLOAT),
                ("best_ask_qty", _FLOAT),
                ("transaction_time", _INT),
                ("event_time", _INT),
            ),
            _tops,
        ),
        FileFormat(
            "bookDepth",
            DEPTH_BANDS,
            (("timestamp", _SECONDS), ("percentage", _FLOAT), ("depth", _FLOAT), ("notional", _FLOAT)),
            _depth_bands,
        ),
        FileFormat(
            "metrics",
            POSITIONING,
            (("create_time", _SECONDS), ("symbol", _TEXT), *_METRIC_FIGURES),
            _metrics,
        ),
        FileFormat(
            "fundingRate",
            FUNDING,
            (("calc_time", _INT), ("funding_interval_hours", _FLOAT), ("last_funding_rate", _FLOAT)),
            _funding,
        ),
        FileFormat(
            "premiumIndexKlines",
            PREMIUM,
            (
                ("open_time", _INT),
                ("open", _FLOAT),
                ("high", _FLOAT),
                ("low", _FLOAT),
                ("close", _FLOAT),
                ("volume", _FLOAT),
                ("close_time", _INT),
                ("quote_volume", _FLOAT),
                ("count", _INT),
                ("taker_buy_volume", _FLOAT),
                ("taker_buy_quote_volume", _FLOAT),
                ("ignore", _FLOAT),
            ),
            _premium,
        ),
    )
}
