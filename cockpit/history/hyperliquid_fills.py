"""Hyperliquid's fills, an hour a file: every print of a perpetual, and every forced order among them.

Both sides of a print are fills of one `tid`, which is a hash and orders nothing: the side that crossed is the taker's,
and a print's number is its millisecond and its place in it. A fill's `liquidation` names who was liquidated, and is in
the fills of both sides: it is taken once.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from math import inf
from pathlib import Path

import msgspec
import pyarrow as pa

from cockpit.domain.bounded import BoundedMap, Recent
from cockpit.domain.units import NS_PER_DAY, NS_PER_MS, NS_PER_S
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import LIQUIDATIONS, TRADES, Kind
from cockpit.history.source_files import opened

VENUE = "hyperliquid"
SYMBOL = "fills of the venue's nodes"
NUMBERS_A_MS = 1_000_000
ROWS_AT_ONCE = 50_000
KEPT = 100_000
SELLER = "A"
NOT_A_PERPETUAL = "fill of spot, or of a market that is not the venue's own"
AGAIN = "fill that was there already"

_HOUR = re.compile(r"(?P<hour>\d|1\d|2[0-3])(?:\.(?:lz4|jsonl|json|gz))*")
_DAY = re.compile(r"\d{8}")
_COIN = re.compile(r"[A-Za-z0-9]{1,12}")

Series = tuple[str, str, Kind]
Row = tuple[object, ...]


class _Forced(msgspec.Struct):
    liquidatedUser: str


class _Fill(msgspec.Struct):
    coin: str
    px: float
    sz: float
    side: str
    time: int
    tid: int
    crossed: bool
    liquidation: _Forced | None = None


class _Block(msgspec.Struct):
    local_time: str
    events: list[tuple[str, _Fill]]


def fills_span(path: Path) -> tuple[int, int] | None:
    """The hour a file of fills speaks of, by its name and its directory's (`20250728/5.lz4`); None for another file."""
    named = _HOUR.fullmatch(path.name)
    if named is None or not _DAY.fullmatch(path.parent.name):
        return None
    try:
        day = datetime.strptime(path.parent.name, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise HistoryError(f"{path}: expected a directory named by its day, was {path.parent.name}") from error
    start_ns = (int(day.timestamp()) + int(named["hour"]) * 3600) * NS_PER_S
    return start_ns, start_ns + 3600 * NS_PER_S


def fill_rows(path: Path, span_ns: tuple[int, int], left: Counter[str]) -> Iterator[tuple[Series, pa.Table, int]]:
    """Prints and forced orders of every coin, and how many of the file's bytes were read by then.

    Raises `HistoryError` at the first line that is none: such a file counts not at all.
    """
    fills, number = _Fills(span_ns, left), 0
    decode = msgspec.json.Decoder(_Block | tuple[str, _Fill], strict=False).decode
    try:
        with opened(path) as (stream, file):
            for line in stream:
                number += 1
                found = decode(line)
                if isinstance(found, _Block):
                    for user, fill in found.events:
                        fills.take(user, fill, _ns(found.local_time))
                else:
                    user, fill = found
                    fills.take(user, fill, 0)
                if fills.waiting >= ROWS_AT_ONCE:
                    yield from ((*one, file.tell()) for one in fills.tables())
            yield from ((*one, file.tell()) for one in fills.tables())
    except HistoryError as error:
        text = str(error)
        raise HistoryError(text if text.startswith(str(path)) else f"{path}: line {number}: {text}") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise HistoryError(f"{path}: expected fills, was in line {number}: {error}") from error
    if not number:
        raise HistoryError(f"{path}: expected fills, was empty")


class _Fills:
    """Fills as rows, each print and each forced order once."""

    def __init__(self, span_ns: tuple[int, int], left: Counter[str]) -> None:
        self._span_ns = span_ns
        self._left = left
        self._printed: Recent[int] = Recent(KEPT)
        self._forced: Recent[int] = Recent(KEPT)
        self._places: BoundedMap[tuple[str, str, int], int] = BoundedMap(KEPT)
        self._rows: dict[Series, list[Row]] = {}
        self.waiting = 0

    def take(self, user: str, fill: _Fill, known_ns: int) -> None:
        """One side of a print."""
        if not _COIN.fullmatch(fill.coin):
            self._left[NOT_A_PERPETUAL] += 1
            return
        at_ns = fill.time * NS_PER_MS
        start_ns, end_ns = self._span_ns
        if not start_ns - NS_PER_DAY <= at_ns < end_ns + NS_PER_DAY:
            raise HistoryError(f"expected a stamp near the hour of its name, was {fill.time} ms")
        if not (0.0 < fill.px < inf and 0.0 < fill.sz < inf):
            raise HistoryError(f"expected a price and a size above zero, was {fill.px:g} and {fill.sz:g}")
        if fill.liquidation is not None and fill.tid not in self._forced:
            self._forced.add(fill.tid)
            is_own = fill.liquidation.liquidatedUser.lower() == user.lower()
            long_liquidated = (fill.side == SELLER) == is_own
            self._add(LIQUIDATIONS, fill, at_ns, max(at_ns, known_ns), fill.px, fill.sz, long_liquidated)
        if not fill.crossed:
            return
        if fill.tid in self._printed:
            self._left[AGAIN] += 1
            return
        self._printed.add(fill.tid)
        self._add(TRADES, fill, at_ns, fill.px, fill.sz, fill.side != SELLER)

    def _add(self, kind: Kind, fill: _Fill, *values: object) -> None:
        at = (kind.name, fill.coin, fill.time)
        place = self._places.get(at, 0)
        self._places[at] = place + 1
        self._rows.setdefault((VENUE, fill.coin, kind), []).append((fill.time * NUMBERS_A_MS + place, *values))
        self.waiting += 1

    def tables(self) -> Iterator[tuple[Series, pa.Table]]:
        """What waits, as tables of their kinds."""
        for series, rows in self._rows.items():
            columns = zip(*rows, strict=True)
            arrays = [pa.array(values, type_) for values, (_, type_) in zip(columns, series[2].columns, strict=True)]
            yield series, pa.Table.from_arrays(arrays, schema=series[2].schema)
        self._rows, self.waiting = {}, 0


def _ns(text: str) -> int:
    """A node's stamp, UTC to the ns."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp())
    return seconds * NS_PER_S + int(fraction[:9].ljust(9, "0") or 0)
