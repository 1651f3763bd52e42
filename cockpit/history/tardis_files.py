"""Files of Tardis (trades, quotes, derivative_ticker, liquidations) and Hyperliquid's asset contexts.

Both carry what Binance's own files lack: the running funding rate, mark and index as they were at each instant. Tardis
stamps in µs and adds when its own machine received a row: that is when anybody could know it.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cockpit.history.binance_files import FileFormat, stamps_ns
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import LIQUIDATIONS, TICKERS, TOPS, TRADES
from cockpit.history.other_files import CONTRACT_COINS, NS_PER_US, Counted, Named, is_buy, one_day, refuse_other

VENUES = {"binance-futures": "binance", "okex-swap": "okx", "bybit": "bybit", "hyperliquid": "hyperliquid"}
_INT, _FLOAT, _TEXT = pa.int64(), pa.float64(), pa.string()
_NAME = re.compile(
    r"(?P<exchange>[a-z0-9-]+)_(?P<type>[a-zA-Z0-9_]+)_(?P<day>\d{4}-\d\d-\d\d)_(?P<symbol>[A-Za-z0-9_-]+)\.csv"
)
_SYMBOL = re.compile(r"(?P<asset>[A-Z0-9]+?)(?:-?USDT(?:-SWAP)?)?")
_COIN = re.compile(r"[A-Z0-9]{2,12}")
_CONTEXTS = re.compile(r"(?:asset_ctxs[-_])?(?P<day>\d{8})\.csv(?:\.lz4)?$")
HOURS_OF_CONTEXTS = 1.0


def tardis_file(path: Path) -> Named | None:
    """What a file of Tardis is by its name; None for another's. Raises `HistoryError` for one that is not taken."""
    found = _NAME.match(path.name)
    if found is None:
        return None
    venue = VENUES.get(found["exchange"])
    if venue is None:
        raise HistoryError(f"{path}: expected an exchange that is read ({', '.join(VENUES)}), was {found['exchange']}")
    symbol = found["symbol"].upper()
    named = _SYMBOL.fullmatch(symbol)
    asset = named["asset"] if named else ""
    coins = CONTRACT_COINS.get(asset) if venue == "okx" else 1.0
    if not asset or coins is None or (venue == "okx" and not symbol.endswith("-USDT-SWAP")):
        raise HistoryError(f"{path}: expected a USDT perpetual whose contract is known in coins, was {symbol}")
    makers = {"trades": _trades, "quotes": _quotes, "derivative_ticker": _ticker, "liquidations": _liquidations}
    make = makers.get(found["type"])
    if make is None:
        raise HistoryError(f"{path}: expected {', '.join(makers)} of Tardis, was {found['type']}")
    span_ns = one_day(found["day"])
    return Named(venue, asset, symbol, make(symbol, coins, span_ns), span_ns)


def _stamped(rows: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
    """When a row happened and when it was received, never before it happened."""
    at_ns = stamps_ns(rows["timestamp"])
    return at_ns, pc.max_element_wise(at_ns, stamps_ns(rows["local_timestamp"]))


def _columns(*figures: tuple[str, Any]) -> tuple[tuple[str, Any], ...]:
    return (("symbol", _TEXT), ("timestamp", _INT), ("local_timestamp", _INT), *figures)


def _trades(symbol: str, coins: float, span_ns: tuple[int, int]) -> FileFormat:
    counted = Counted(span_ns)

    def convert(rows: pa.RecordBatch) -> list[pa.Array]:
        refuse_other(pc.utf8_upper(rows["symbol"]), symbol)
        at_ns, _ = _stamped(rows)
        numbers = counted.numbers(at_ns)
        return [numbers, at_ns, rows["price"], pc.round(pc.multiply(rows["amount"], coins), 10), is_buy(rows["side"])]

    return FileFormat("trades", TRADES, _columns(("side", _TEXT), ("price", _FLOAT), ("amount", _FLOAT)), convert)


def _liquidations(symbol: str, coins: float, span_ns: tuple[int, int]) -> FileFormat:
    """Their side is that of the order: a sale closes a long."""
    counted = Counted(span_ns)

    def convert(rows: pa.RecordBatch) -> list[pa.Array]:
        refuse_other(pc.utf8_upper(rows["symbol"]), symbol)
        at_ns, known_ns = _stamped(rows)
        qty = pc.round(pc.multiply(rows["amount"], coins), 10)
        closes_long = pc.invert(is_buy(rows["side"]))
        return [counted.numbers(at_ns), at_ns, known_ns, rows["price"], qty, closes_long]

    columns = _columns(("side", _TEXT), ("price", _FLOAT), ("amount", _FLOAT))
    return FileFormat("liquidations", LIQUIDATIONS, columns, convert)


def _quotes(symbol: str, coins: float, span_ns: tuple[int, int]) -> FileFormat:
    counted = Counted(span_ns)
    prices = ("bid_price", "bid_amount", "ask_price", "ask_amount")

    def convert(rows: pa.RecordBatch) -> list[pa.Array]:
        refuse_other(pc.utf8_upper(rows["symbol"]), symbol)
        for name in prices:
            rows = rows.filter(pc.is_valid(rows[name]))
        at_ns, known_ns = _stamped(rows)
        numbers = counted.numbers(at_ns)
        bid, bid_qty, ask, ask_qty = (rows[name] for name in prices)
        return [numbers, at_ns, known_ns, bid, pc.multiply(bid_qty, coins), ask, pc.multiply(ask_qty, coins)]

    return FileFormat("quotes", TOPS, _columns(*((name, _FLOAT) for name in prices)), convert)


def _ticker(symbol: str, coins: float, span_ns: tuple[int, int]) -> FileFormat:
    counted = Counted(span_ns)

    def convert(rows: pa.RecordBatch) -> list[pa.Array]:
        refuse_other(pc.utf8_upper(rows["symbol"]), symbol)
        at_ns, known_ns = _stamped(rows)
        numbers = counted.numbers(at_ns)
        hours = pa.nulls(len(at_ns), _FLOAT)
        figures = [rows[name] for name in ("mark_price", "index_price", "funding_rate")]
        return [numbers, at_ns, known_ns, *figures, hours, pc.multiply(rows["open_interest"], coins)]

    figures = ("funding_rate", "open_interest", "index_price", "mark_price")
    return FileFormat("derivative_ticker", TICKERS, _columns(*((name, _FLOAT) for name in figures)), convert)


def contexts_file(path: Path) -> Named | None:
    """Hyperliquid's asset contexts of a day, every coin in one file; None for another file."""
    found = _CONTEXTS.fullmatch(path.name)
    if found is None:
        return None
    day = f"{found['day'][:4]}-{found['day'][4:6]}-{found['day'][6:]}"
    return Named("hyperliquid", "", "", CONTEXTS, one_day(day), _contexts_by_asset)


def _not_split(rows: pa.RecordBatch) -> list[pa.Array]:
    raise HistoryError("expected to be split by coin")


_CONTEXT_FIGURES = ("funding", "open_interest", "oracle_px", "mark_px")
CONTEXTS = FileFormat(
    "asset_ctxs",
    TICKERS,
    (("time", _TEXT), ("coin", _TEXT), *((name, _FLOAT) for name in _CONTEXT_FIGURES)),
    _not_split,
)


def _contexts_by_asset(rows: pa.Table) -> list[tuple[str, pa.Table]]:
    """A minute's state of every coin; its funding is for an hour."""
    found = []
    for coin in sorted(pc.unique(rows["coin"]).to_pylist()):
        if not _COIN.fullmatch(coin):
            continue
        own = rows.filter(pc.equal(rows["coin"], coin)).sort_by("time").combine_chunks()
        moments = pc.utf8_rtrim(own["time"].combine_chunks(), characters="Z").cast(pa.timestamp("us"))
        at_ns = pc.multiply(moments.cast(_INT), NS_PER_US)
        figures = {name: own[name].combine_chunks() for name in _CONTEXT_FIGURES}
        hours = pa.array(np.full(len(at_ns), HOURS_OF_CONTEXTS))
        columns = [at_ns, at_ns, at_ns, figures["mark_px"], figures["oracle_px"], figures["funding"], hours]
        found.append((coin, pa.Table.from_arrays([*columns, figures["open_interest"]], schema=TICKERS.schema)))
    return found
