"""A public CSV file as batches of a stored kind's rows: a few MB at a time, whatever its size."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from cockpit.domain.units import NS_PER_DAY
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import STAMP, Kind
from cockpit.history.source_files import PublicFile, opened

BLOCK_BYTES = 4 << 20
FIRST_LINE_BYTES = 4096
NOT_POSITIVE = "price or quantity that is not a number above zero"
CROSSED = "top whose bid is above its ask"
FAR_STAMP = "stamp more than a day away from the day or month of the file's name"


def rows_of(path: Path, public: PublicFile, left: Counter[str]) -> Iterator[tuple[pa.Table, int]]:
    """The usable rows in the file's order, and how many of its bytes were read by then.

    What is not taken is counted in `left` by reason.

    Raises `HistoryError` at the first row that is none: such a file counts not at all.
    """
    row = 0
    try:
        with opened(path) as (stream, file):
            for batch in _reader(path, stream, public):
                _refuse_other_symbol(batch, public)
                yield usable(_converted(batch, public), public, left), file.tell()
                row += batch.num_rows
    except HistoryError as error:
        text = str(error)
        raise HistoryError(text if text.startswith(str(path)) else f"{path}: after row {row}: {text}") from error
    except pa.ArrowException as error:
        detail = " ".join(str(error).split())
        raise HistoryError(f"{path}: expected {public.form.name} rows, was after row {row}: {detail}") from error
    if not row:
        raise HistoryError(f"{path}: expected {public.form.name} rows, was none")


def whole_table(path: Path, public: PublicFile) -> tuple[pa.Table, int]:
    """All rows of a small file as they are, and its size. Raises `HistoryError` where one is none."""
    try:
        with opened(path) as (stream, file):
            table = _reader(path, stream, public).read_all()
            return table, file.tell()
    except pa.ArrowException as error:
        raise HistoryError(f"{path}: expected {public.form.name} rows, was {' '.join(str(error).split())}") from error


def _reader(path: Path, file: IO[bytes], public: PublicFile) -> Any:
    columns = dict(public.form.columns)
    header = _header(path, file, public)
    read = pcsv.ReadOptions(block_size=BLOCK_BYTES, column_names=None if header else list(columns))
    convert = pcsv.ConvertOptions(column_types=columns, include_columns=list(columns), strings_can_be_null=True)
    return pcsv.open_csv(file, read_options=read, convert_options=convert)


def _header(path: Path, file: IO[bytes], public: PublicFile) -> bool:
    """Whether the first line names the columns. It must have them all, or as many figures as there are columns."""
    peek = getattr(file, "peek")  # noqa: B009 - IO[bytes] does not have it, every stream opened here does
    line = peek(FIRST_LINE_BYTES)[:FIRST_LINE_BYTES].split(b"\n")[0].strip().decode("utf-8", "replace")
    if not line:
        raise HistoryError(f"{path}: expected {public.form.name} rows, was empty")
    first, columns = [text.strip() for text in line.split(",")], [name for name, _ in public.form.columns]
    if not line[0].isdigit():
        missing = [name for name in columns if name not in first]
        if missing:
            raise HistoryError(f"{path}: expected the columns {', '.join(columns)}, was without {', '.join(missing)}")
        return True
    if len(first) != len(columns):
        what = f"{len(columns)} columns of {public.form.name} ({', '.join(columns)})"
        raise HistoryError(f"{path}: expected {what}, was {len(first)}")
    return False


def _refuse_other_symbol(batch: pa.RecordBatch, public: PublicFile) -> None:
    if "symbol" not in batch.schema.names:
        return
    others = [symbol for symbol in pc.unique(batch["symbol"]).to_pylist() if symbol != public.symbol]
    if others and public.symbol != public.asset:
        raise HistoryError(f"expected rows of {public.symbol}, was {others[0]}")


def _converted(batch: pa.RecordBatch, public: PublicFile) -> pa.Table:
    kind = public.form.kind
    arrays = public.form.convert(batch)
    table = pa.Table.from_arrays(
        [array.cast(type_) for array, (_, type_) in zip(arrays, kind.columns, strict=True)], schema=kind.schema
    )
    empty = [name for name in (*kind.key, STAMP, *kind.above_zero) if table[name].null_count]
    if empty:
        raise HistoryError(f"expected a value of {empty[0]} in every row, was empty")
    return table


def usable(table: pa.Table, public: PublicFile, left: Counter[str]) -> pa.Table:
    """The rows that can be taken; the others are counted in `left` by reason."""
    kind = public.form.kind
    table = _kept(table, _positive(table, kind), NOT_POSITIVE, left)
    if kind.in_order is not None:
        low, high = kind.in_order
        table = _kept(table, pc.less_equal(table[low], table[high]), CROSSED, left)
    if public.span_ns is not None:
        start_ns, end_ns = public.span_ns
        is_near = pc.and_(
            pc.greater_equal(table[STAMP], start_ns - NS_PER_DAY), pc.less(table[STAMP], end_ns + NS_PER_DAY)
        )
        table = _kept(table, is_near, FAR_STAMP, left)
    return table


def _positive(table: pa.Table, kind: Kind) -> Any:
    mask = None
    for name in kind.above_zero:
        good = pc.and_(pc.greater(table[name], 0.0), pc.is_finite(table[name]))
        mask = good if mask is None else pc.and_(mask, good)
    return mask


def _kept(table: pa.Table, mask: Any, reason: str, left: Counter[str]) -> pa.Table:
    if mask is None or pc.all(mask, min_count=0).as_py():
        return table
    kept = table.filter(mask)
    left[reason] += table.num_rows - kept.num_rows
    return kept
