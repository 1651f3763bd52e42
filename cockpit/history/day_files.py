"""One day of one kind as a Parquet file: written whole or not at all, with what is known of it inside the same file.

Rows come in batches and leave as row groups, so memory is flat whatever the day. A part that is not in order, or a day
that was there already, goes through `merged`, which holds a row group's worth of rows at a time too.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cockpit.domain.units import NS_PER_S
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import STAMP, Kind

VERSION = 1
ABOUT_KEY = b"cockpit.history"
ROW_GROUP = 131_072
SAMPLED_EVERY = 64
GAPS_LISTED = 100
NS_PER_H = 3600 * NS_PER_S

Ints = npt.NDArray[np.int64]


class Gap(msgspec.Struct, frozen=True):
    """Nothing between two neighbours; `missing` is how many rows their numbers leave out, None where they count not."""

    from_ns: int
    to_ns: int
    missing: int | None = None


class Source(msgspec.Struct, frozen=True):
    """A file whose rows of this day are in it."""

    name: str
    sha256: str
    rows: int


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a day's file. `covered` are the stretches of the day that its sources speak of."""

    version: int = VERSION
    symbol: str
    rows: int
    sources: list[Source]
    covered: list[tuple[int, int]]
    gap_count: int
    gaps: list[Gap]
    duplicates: int = 0
    changed: int = 0


class DayWriter:
    """Rows of one day, in whatever order they come, into `path`, which must not be a name that readers look for."""

    def __init__(self, path: Path, kind: Kind) -> None:
        self.path = path
        self.rows = 0
        self.in_order = True
        self.first_ns = self.last_ns = 0
        self.gap_count = 0
        self.gaps: list[Gap] = []
        self._kind = kind
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._last: pa.Table | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(path, kind.schema, **_encodings(kind))

    def write(self, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        low, high = (value.as_py() for value in pc.min_max(rows[STAMP]).values())
        self.first_ns = min(self.first_ns, low) if self.rows else low
        self.last_ns = max(self.last_ns, high) if self.rows else high
        self.rows += rows.num_rows
        self._follow(rows)
        self._waiting.append(rows)
        self._waiting_rows += rows.num_rows
        if self._waiting_rows >= ROW_GROUP:
            self.flush()

    def close(self, about: About | None = None) -> None:
        """Finish the file; `about` goes into it, and then it is whole."""
        self.flush()
        if about is not None:
            self._writer.add_key_value_metadata({ABOUT_KEY: msgspec.json.encode(about)})
        self._writer.close()

    def discard(self) -> None:
        """Leave nothing of it."""
        with contextlib.suppress(OSError, pa.ArrowException):
            self._writer.close()
        self.path.unlink(missing_ok=True)

    def flush(self) -> None:
        """Hand what waits for a full row group to the file: no more rows of this day are expected."""
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting).combine_chunks(), row_group_size=ROW_GROUP)
            self._waiting, self._waiting_rows = [], 0

    def _follow(self, rows: pa.Table) -> None:
        """Look at each row beside the one before it: is it in order, and is something missing between them?"""
        joined = rows if self._last is None else pa.concat_tables([self._last, rows])
        self._last = rows.take(pa.array([rows.num_rows - 1]))  # a slice would keep the whole batch
        if not self.in_order or joined.num_rows < 2:
            return
        first, second = _keys(joined, self._kind)
        steps = np.diff(first)
        rises = steps > 0
        if second is not None:
            rises |= (steps == 0) & (np.diff(second) > 0)
        if not rises.all():
            self.in_order = False
            return
        self._note_gaps(joined, steps)

    def _note_gaps(self, rows: pa.Table, steps: Ints) -> None:
        stamps = _ints(rows[STAMP])
        silent: Any = np.diff(stamps) > self._longest_step_ns(rows)
        missing = steps - 1 if self._kind.counts_on else np.zeros_like(steps)
        places = np.flatnonzero(silent | (missing > 0))
        self.gap_count += len(places)
        for place in places[: GAPS_LISTED - len(self.gaps)]:
            lost = int(missing[place]) if self._kind.counts_on else None
            self.gaps.append(Gap(int(stamps[place]), int(stamps[place + 1]), lost))

    def _longest_step_ns(self, rows: pa.Table) -> Any:
        if not self._kind.step_hours_in:
            return int(self._kind.longest_step_s * NS_PER_S)
        hours = rows[self._kind.step_hours_in].to_numpy()[1:]
        return (hours * NS_PER_H).astype(np.int64) + 60 * NS_PER_S


def read_about(path: Path | str, files: Any = None) -> About:
    """What a day's file says of itself. Raises `HistoryError` for a file that is none, or of a newer version."""
    try:
        found = pq.read_metadata(path, filesystem=files).metadata or {}
        about = msgspec.json.decode(found.get(ABOUT_KEY, b"null"), type=About | None)
    except (OSError, pa.ArrowException, msgspec.MsgspecError) as error:
        raise HistoryError(f"{path}: expected a day of history, was damaged: {' '.join(str(error).split())}") from error
    if about is None:
        raise HistoryError(f"{path}: expected a day of history, was another Parquet file")
    if about.version > VERSION:
        raise HistoryError(f"{path}: expected version {VERSION} or older, was {about.version}: use a newer Cockpit")
    return about


def put_in_place(part: Path, target: Path) -> None:
    """Give a finished part its name: from now on it is the day."""
    descriptor = os.open(part, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    part.replace(target)


def merged(paths: Sequence[Path], kind: Kind, writer: DayWriter) -> tuple[int, int]:
    """Write the rows of all parts in order, each key once: the last part's where they differ.

    Returns how many rows were there more than once, and how many of those were not the same.
    """
    parts = [_Part(path, kind) for path in paths]
    sample = np.sort(np.concatenate([part.sample for part in parts]))
    bounds = np.unique(sample[:: max(1, ROW_GROUP // SAMPLED_EVERY)])[1:]
    twice = changed = 0
    for low, high in zip([None, *bounds], [*bounds, None], strict=True):
        tables = [table for part in parts for table in part.rows_between(low, high)]
        if tables:
            rows, more, other = _one_a_key(pa.concat_tables(tables).combine_chunks(), kind)
            twice, changed = twice + more, changed + other
            writer.write(rows)
    return twice, changed


class _Part:
    """A written part: which keys each of its row groups holds, so that a bucket of keys is read from few of them."""

    def __init__(self, path: Path, kind: Kind) -> None:
        self._file = pq.ParquetFile(path)
        self._key = kind.key[0]
        self._ranges: list[tuple[int, int]] = []
        samples: list[Ints] = [np.empty(0, np.int64)]
        for group in range(self._file.num_row_groups):
            keys = _ints(self._file.read_row_group(group, columns=[self._key])[self._key])
            self._ranges.append((int(keys.min()), int(keys.max())))
            samples.append(keys[::SAMPLED_EVERY].copy())
        self.sample: Ints = np.concatenate(samples)

    def rows_between(self, low: int | None, high: int | None) -> Iterator[pa.Table]:
        """The rows whose first key is from `low` on and below `high`."""
        for group, (least, most) in enumerate(self._ranges):
            if (low is not None and most < low) or (high is not None and least >= high):
                continue
            rows = self._file.read_row_group(group)
            keys = _ints(rows[self._key])
            wanted = np.ones(len(keys), bool)
            wanted &= True if low is None else keys >= low
            wanted &= True if high is None else keys < high
            yield rows.filter(pa.array(wanted))


def _one_a_key(rows: pa.Table, kind: Kind) -> tuple[pa.Table, int, int]:
    """In order and each key once: the last of equals stays."""
    first, second = _keys(rows, kind)
    order = np.argsort(first, kind="stable") if second is None else np.lexsort((second, first))
    rows = rows.take(pa.array(order))
    first, second = _keys(rows, kind)
    is_again = np.diff(first) == 0
    if second is not None:
        is_again &= np.diff(second) == 0
    again = np.flatnonzero(is_again)
    if not len(again):
        return rows, 0, 0
    changed = _different(rows.take(pa.array(again)), rows.take(pa.array(again + 1)))
    return rows.filter(pa.array(np.append(~is_again, True))), len(again), changed


def _different(before: pa.Table, after: pa.Table) -> int:
    same: Any = np.ones(before.num_rows, bool)
    for name in before.column_names:
        equal = pc.fill_null(pc.equal(before[name], after[name]), False)
        neither = pc.and_(pc.is_null(before[name]), pc.is_null(after[name]))
        same &= pc.or_(equal, neither).to_numpy()
    return int(np.count_nonzero(~same))


def _keys(rows: pa.Table, kind: Kind) -> tuple[Ints, npt.NDArray[Any] | None]:
    second = rows[kind.key[1]].to_numpy() if len(kind.key) > 1 else None
    return _ints(rows[kind.key[0]]), second


def _ints(column: Any) -> Ints:
    found: Ints = column.to_numpy()
    return found


def _encodings(kind: Kind) -> dict[str, Any]:
    """Whole numbers rise or stay near one another, figures share their bytes: half the CPU and size of dictionaries."""
    encodings = {pa.int64(): "DELTA_BINARY_PACKED", pa.float64(): "BYTE_STREAM_SPLIT"}
    by_column = {name: encodings[type_] for name, type_ in kind.columns if type_ in encodings}
    return {"compression": "zstd", "use_dictionary": False, "column_encoding": by_column}
