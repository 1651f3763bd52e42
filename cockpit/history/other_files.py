"""Public files of OKX and Bybit: whose they are is read off their names, their rows become those of the stored kinds.

OKX's file day is that of UTC+8: one UTC day needs the files of its own date and of the next. Its quantities are
contracts and become coins here. Bybit's stamps are seconds with a fraction; its prints have no number, so they are
counted in the order of the file, which its older files have backwards.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.history.binance_files import FileFormat, stamps_ns
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import FUNDING, TRADES

OKX_AHEAD_NS = 8 * 3600 * NS_PER_S
CONTRACT_COINS = {"BTC": 0.01, "ETH": 0.1, "SOL": 1.0, "XRP": 100.0}
"""What one contract of OKX's USDT swaps is in coins; no file says it."""
NS_PER_US = 1_000
ROWS_OF_A_DAY = 10**10
_INT, _FLOAT, _TEXT = pa.int64(), pa.float64(), pa.string()

_OKX_TRADES = re.compile(r"(?P<asset>[A-Z0-9]+)-USDT-SWAP-trades-(?P<day>\d{4}-\d\d(?:-\d\d)?)\.")
_OKX_FUNDING = re.compile(r"(?:allswap|[A-Z0-9]+-USDT-SWAP)-fundingrates-(?P<day>\d{4}-\d\d(?:-\d\d)?)\.")
_OKX_OTHER = re.compile(r"[A-Z0-9]+-[A-Z0-9]+(?:-[A-Z0-9]+)?-trades-\d{4}")
_OKX_SWAP = re.compile(r"(?P<asset>[A-Z0-9]{2,12})-USDT-SWAP")
_BYBIT_TRADES = re.compile(r"(?P<symbol>(?P<asset>[A-Z0-9]+?)(?:USDT|PERP))(?P<day>\d{4}-\d\d-\d\d)\.csv")
_BYBIT_INVERSE = re.compile(r"[A-Z0-9]+USD\d{4}-\d\d-\d\d\.csv")


class Named(NamedTuple):
    """What a name says of its file. `assets_in` splits a file of many instruments by their assets."""

    venue: str
    asset: str
    symbol: str
    form: FileFormat
    span_ns: tuple[int, int]
    assets_in: Callable[[pa.Table], list[tuple[str, pa.Table]]] | None = None


def named_file(path: Path) -> Named | None:
    """Whose file it is by its name; None for nobody's here. Raises `HistoryError` for one that is not taken."""
    name = path.name
    if found := _OKX_TRADES.match(name):
        asset = found["asset"]
        coins = CONTRACT_COINS.get(asset)
        if coins is None:
            known = ", ".join(CONTRACT_COINS)
            raise HistoryError(f"{path}: expected a swap whose contract is known in coins ({known}), was {asset}")
        return Named(
            "okx", asset, f"{asset}-USDT-SWAP", okx_trades(f"{asset}-USDT-SWAP", coins), _okx_span(found["day"])
        )
    if found := _OKX_FUNDING.match(name):
        return Named("okx", "", "", OKX_FUNDING, _okx_span(found["day"]), okx_funding_by_asset)
    if _OKX_OTHER.match(name):
        raise HistoryError(
            f"{path}: expected trades of a USDT swap, was another instrument: its quantities or prices differ"
        )
    if found := _BYBIT_TRADES.match(name):
        span_ns = one_day(found["day"])
        return Named("bybit", found["asset"], found["symbol"], bybit_trades(found["symbol"], span_ns), span_ns)
    if _BYBIT_INVERSE.match(name):
        raise HistoryError(f"{path}: expected a linear perpetual, was an inverse one: its quantities are dollars")
    return None


def _okx_span(day: str) -> tuple[int, int]:
    return _span(day, OKX_AHEAD_NS)


def one_day(day: str) -> tuple[int, int]:
    """A UTC day of a name. Raises `HistoryError` for what is no date."""
    return _span(day, 0)


def _span(text: str, ahead_ns: int) -> tuple[int, int]:
    try:
        is_month = text.count("-") == 1
        start = datetime.strptime(text, "%Y-%m" if is_month else "%Y-%m-%d").replace(tzinfo=UTC)
        year, month = divmod(start.month, 12)
        end = start.replace(year=start.year + year, month=month + 1) if is_month else None
    except ValueError as error:
        raise HistoryError(f"expected a date in its name, was {text}") from error
    start_ns = int(start.timestamp()) * NS_PER_S - ahead_ns
    return start_ns, start_ns + NS_PER_DAY if end is None else int(end.timestamp()) * NS_PER_S - ahead_ns


def okx_trades(instrument: str, contract_coins: float) -> FileFormat:
    """Trades of one swap: `size` is contracts, `side` the taker's."""

    def convert(rows: pa.RecordBatch) -> list[pa.Array]:
        refuse_other(rows["instrument_name"], instrument)
        qty = pc.round(pc.multiply(rows["size"], contract_coins), 10)
        return [rows["trade_id"], stamps_ns(rows["created_time"]), rows["price"], qty, is_buy(rows["side"])]

    columns = (
        ("instrument_name", _TEXT),
        ("trade_id", _INT),
        ("side", _TEXT),
        ("price", _FLOAT),
        ("size", _FLOAT),
        ("created_time", _INT),
    )
    return FileFormat("trades", TRADES, columns, convert)


def _okx_funding(rows: pa.RecordBatch) -> list[pa.Array]:
    raise HistoryError("expected to be split by instrument")


OKX_FUNDING = FileFormat(
    "fundingrates",
    FUNDING,
    (("instrument_name", _TEXT), ("funding_rate", _FLOAT), ("funding_time", _INT)),
    _okx_funding,
)


def okx_funding_by_asset(rows: pa.Table) -> list[tuple[str, pa.Table]]:
    """Every USDT swap's payments. How many hours a payment is for is how far it lies behind the one before it, and for
    the file's first one how far the next is away: no column says it.
    """
    found = []
    for instrument in sorted(pc.unique(rows["instrument_name"]).to_pylist()):
        named = _OKX_SWAP.fullmatch(instrument)
        if named is None:
            continue
        own = rows.filter(pc.equal(rows["instrument_name"], instrument)).sort_by("funding_time")
        stamps = stamps_ns(own["funding_time"].combine_chunks()).to_numpy()
        hours = np.round(np.diff(stamps) / (3600 * NS_PER_S))
        interval = np.append(hours[:1], hours) if len(hours) else np.full(len(stamps), 8.0)
        arrays = [pa.array(stamps), pa.array(np.maximum(interval, 1.0)), own["funding_rate"].combine_chunks()]
        found.append((named["asset"], pa.Table.from_arrays(arrays, schema=FUNDING.schema)))
    return found


def bybit_trades(symbol: str, span_ns: tuple[int, int]) -> FileFormat:
    """Trades of one linear perpetual, in coins."""
    counted = Counted(span_ns)

    def convert(rows: pa.RecordBatch) -> list[pa.Array]:
        refuse_other(rows["symbol"], symbol)
        micros = np.round(rows["timestamp"].to_numpy(zero_copy_only=False) * 1e6).astype(np.int64)
        stamps = pa.array(micros * NS_PER_US)
        return [counted.numbers(stamps), stamps, rows["price"], rows["size"], is_buy(rows["side"])]

    columns = (("timestamp", _FLOAT), ("symbol", _TEXT), ("side", _TEXT), ("size", _FLOAT), ("price", _FLOAT))
    return FileFormat("trades", TRADES, columns, convert)


class Counted:
    """Numbers for rows that have none, rising with time: a file that runs backwards is counted backwards.

    They begin with the file's day, so that a row of another day at its edge has none of that day's numbers.
    """

    def __init__(self, span_ns: tuple[int, int]) -> None:
        self._base = span_ns[0] // NS_PER_DAY * ROWS_OF_A_DAY + ROWS_OF_A_DAY // 2
        self._count = 0
        self._step = 0

    def numbers(self, stamps: pa.Array) -> pa.Array:
        """The next ones, for rows with these stamps, in the file's order."""
        if not self._step and len(stamps):
            self._step = -1 if stamps[-1].as_py() < stamps[0].as_py() else 1
        first = self._count
        self._count += len(stamps)
        return pa.array(self._base + self._step * np.arange(first, self._count, dtype=np.int64))


def is_buy(side: pa.Array) -> pa.Array:
    """Whether each taker bought. Raises `HistoryError` for any other word than buy or sell."""
    lowered = pc.utf8_lower(side)
    others = [word for word in pc.unique(lowered).to_pylist() if word not in ("buy", "sell")]
    if others:
        raise HistoryError(f"expected buy or sell, was {others[0]!r}")
    return pc.equal(lowered, "buy")


def refuse_other(column: pa.Array, instrument: str) -> None:
    """Raise `HistoryError` where a row is of another instrument than the file's name says."""
    others = [name for name in pc.unique(column).to_pylist() if name != instrument]
    if others:
        raise HistoryError(f"expected rows of {instrument}, was {others[0]}")
