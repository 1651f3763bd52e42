"""Files into the store: one after the other, each day of a file at once or not at all.

A file is read to its end before any of its days is put in place, so a damaged one leaves nothing. A file that is in the
store already is left alone; one published anew under the same name replaces what the old one said.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from cockpit.domain.numbers import counted
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.history.csv_rows import rows_of, usable, whole_table
from cockpit.history.day_files import About, DayWriter, Source, merged, put_in_place, read_about
from cockpit.history.errors import HistoryError
from cockpit.history.hyperliquid_fills import SYMBOL as FILLS
from cockpit.history.hyperliquid_fills import fill_rows, fills_span
from cockpit.history.kinds import STAMP, Kind
from cockpit.history.recorded_rows import capture_rows, recording_rows
from cockpit.history.source_files import Given, PublicFile, check_sum, is_capture, public_file, sha256_of
from cockpit.history.store import PART, Series, Store, day_text, joined

Progress = Callable[[int, int], None]
"""Told how many more rows were read, and how many of the file's bytes by then (0 where that is not known)."""


class Added(NamedTuple):
    """What became of one file. `rows` are what it held of use; `days` those that were written."""

    path: Path
    rows: int = 0
    days: tuple[str, ...] = ()
    duplicates: int = 0
    changed: int = 0
    left: tuple[tuple[str, int], ...] = ()
    has_checksum: bool = False
    bad: str = ""

    @property
    def sentence(self) -> str:
        if self.bad:
            return self.bad
        if not self.days:
            return f"{self.path.name}: is in the store already"
        span = self.days[0] if len(self.days) == 1 else f"{self.days[0]} to {self.days[-1]}"
        text = f"{self.path.name}: {counted(self.rows, 'row')}, {counted(len(self.days), 'day')} ({span})"
        text += "" if self.has_checksum else ", no checksum beside it"
        text += f", {self.duplicates:,} were there twice" if self.duplicates else ""
        text += f" ({self.changed:,} of them otherwise: the newer counts)" if self.changed else ""
        return text + "".join(f", left {number:,}: {reason}" for reason, number in self.left)


def add_file(store: Store, path: Path, given: Given, progress: Progress | None = None) -> Added:
    """Add one file; whatever is wrong with it is in the answer. The caller holds the right to write."""
    try:
        sha256 = sha256_of(path)
        has_checksum = check_sum(path, sha256)
        return _Import(store, path, given, sha256).run(progress)._replace(has_checksum=has_checksum)
    except HistoryError as error:
        return Added(path, bad=str(error))
    except OSError as error:
        return Added(path, bad=f"{path}: expected to store it in {store.root}, was {error.strerror or error}")


class _Import:
    """One file on its way in."""

    def __init__(self, store: Store, path: Path, given: Given, sha256: str) -> None:
        self._store = store
        self._path = path
        self._given = given
        self._sha256 = sha256
        self._left: Counter[str] = Counter()
        self._symbol = ""
        self._name = path.name
        self._span_ns: tuple[int, int] | None = None
        self._parts: dict[tuple[Series, int], DayWriter] = {}
        self._rows = 0
        self._duplicates = self._changed = 0

    def run(self, progress: Progress | None) -> Added:
        """Read it to its end, then put its days in place."""
        source = self._source()
        if self._is_known():
            return Added(self._path)
        try:
            for series, rows, read_bytes in source:
                self._take(series, rows)
                if progress is not None:
                    progress(rows.num_rows, read_bytes)
            written = self._put_in_place()
        finally:
            for part in self._parts.values():
                part.discard()
        self._remember(written)
        days = tuple(sorted({day_text(day) for _, day in written}))
        return Added(self._path, self._rows, days, self._duplicates, self._changed, tuple(self._left.most_common()))

    def _source(self) -> Iterable[tuple[Series, pa.Table, int]]:
        if self._path.suffix == ".rec":
            return self._recorded(recording_rows(self._path, self._left))
        hour_ns = fills_span(self._path)
        if hour_ns is not None:
            self._symbol, self._span_ns = FILLS, hour_ns
            self._name = f"{self._path.parent.name}/{self._path.name}"
            rows = fill_rows(self._path, hour_ns, self._left)
            return ((Series(*series), table, read_bytes) for series, table, read_bytes in rows)
        if is_capture(self._path):
            return self._recorded(capture_rows(self._path, self._left))
        public = public_file(self._path, self._given)
        self._symbol, self._span_ns = public.symbol, public.span_ns
        if public.assets_in is not None:
            return self._split(public)
        series = Series(public.venue, public.asset, public.form.kind)
        return ((series, rows, read_bytes) for rows, read_bytes in rows_of(self._path, public, self._left))

    def _split(self, public: PublicFile) -> Iterator[tuple[Series, pa.Table, int]]:
        """A small file of many instruments: all of it at once."""
        assert public.assets_in is not None
        table, read_bytes = whole_table(self._path, public)
        for asset, rows in public.assets_in(table):
            yield Series(public.venue, asset, public.form.kind), usable(rows, public, self._left), read_bytes

    @staticmethod
    def _recorded(found: Iterator[tuple[tuple[str, str, Kind], pa.Table]]) -> Iterator[tuple[Series, pa.Table, int]]:
        return ((Series(*series), rows, 0) for series, rows in found)

    def _take(self, series: Series, rows: pa.Table) -> None:
        self._rows += rows.num_rows
        days = rows[STAMP].to_numpy() // NS_PER_DAY
        for day in np.unique(days):
            part = self._parts.get((series, int(day)))
            if part is None:
                target = self._store.path(series, int(day))
                part = DayWriter(target.with_name(f".{target.stem}.new{PART}"), series.kind)
                self._parts[series, int(day)] = part
            is_today = days == day
            part.write(rows if is_today.all() else rows.filter(pa.array(is_today)))
        for (other, day), part in self._parts.items():
            if other == series and day < days.min():
                part.flush()

    def _put_in_place(self) -> list[tuple[Series, int]]:
        known = {at: self._store.about(*at) for at in self._parts}
        for at, about in known.items():
            self._refuse(at, about)
        written = []
        for (series, day), part in sorted(self._parts.items(), key=lambda item: (item[0][0].text, item[0][1])):
            if self._seal(series, day, part, known[series, day]):
                written.append((series, day))
        return written

    def _refuse(self, at: tuple[Series, int], about: About | None) -> None:
        series, day = at
        if about is None:
            return
        what = f"{self._path}: {series.text} of {day_text(day)}"
        if about.symbol != self._symbol:
            raise HistoryError(f"{what}: expected {about.symbol} as stored, was {self._symbol}: another --store for it")
        start_ns, end_ns = self._covered(series, day, self._parts[at])
        overlaps = any(start_ns < end and start < end_ns for start, end in about.covered)
        if series.kind.name.startswith("recorded_") and overlaps and not self._holds(about):
            names = ", ".join(source.name for source in about.sources)
            raise HistoryError(f"{what}: expected minutes that are not recorded yet, was recorded already in {names}")

    def _seal(self, series: Series, day: int, part: DayWriter, known: About | None) -> bool:
        """One day into its place: as it is where it is new and in order, else merged. False where it is in already."""
        if known is not None and self._holds(known):
            return False
        target = self._store.path(series, day)
        is_anew = self._span_ns is not None
        kept = known.sources if known is not None else []
        sources = [source for source in kept if not (is_anew and source.name == self._name)]
        covered = [self._covered(series, day, part)]
        is_merged = bool(sources) or not part.in_order
        writer, duplicates, changed = part, 0, 0
        mine = Source(self._name, self._sha256, part.rows)
        if is_merged:
            part.close()
            writer = DayWriter(target.with_name(f".{target.stem}.merged{PART}"), series.kind)
        try:
            if is_merged:
                before = [target] if sources else []
                covered += known.covered if known and sources else []
                duplicates, changed = merged([*before, part.path], series.kind, writer)
            writer.close(
                About(
                    symbol=self._symbol,
                    rows=writer.rows,
                    sources=[*sources, mine],
                    covered=joined(covered),
                    gap_count=writer.gap_count,
                    gaps=writer.gaps,
                    duplicates=duplicates,
                    changed=changed,
                )
            )
            put_in_place(writer.path, target)
        except BaseException:
            writer.discard()
            raise
        self._duplicates += duplicates
        self._changed += changed
        return True

    def _covered(self, series: Series, day: int, part: DayWriter) -> tuple[int, int]:
        """What of the day this file speaks of: its name's span where the rows reach its ends, else from row to row."""
        first_ns, last_ns = part.first_ns, part.last_ns + 1
        if self._span_ns is None:
            return first_ns, last_ns
        start_ns = max(self._span_ns[0], day * NS_PER_DAY)
        end_ns = min(self._span_ns[1], (day + 1) * NS_PER_DAY)
        reach_ns = int(max(series.kind.silence_s, series.kind.longest_step_s) * NS_PER_S)
        covers_start = 0 <= first_ns - start_ns <= reach_ns
        covers_end = 0 <= end_ns - last_ns <= reach_ns
        return start_ns if covers_start else first_ns, end_ns if covers_end else last_ns

    def _holds(self, about: About) -> bool:
        return any(source.sha256 == self._sha256 for source in about.sources)

    def _is_known(self) -> bool:
        """Whether all its days were put in place before, and are there still."""
        note = self._note
        if not note.is_file():
            return False
        for line in note.read_text(encoding="utf-8").splitlines():
            path = self._store.root / line
            if not path.is_file() or not self._holds(read_about(path)):
                return False
        return True

    def _remember(self, written: list[tuple[Series, int]]) -> None:
        paths = {self._store.path(*at).relative_to(self._store.root) for at in (*written, *self._parts)}
        self._note.parent.mkdir(exist_ok=True)
        self._note.write_text("\n".join(sorted(map(str, paths))), encoding="utf-8")

    @property
    def _note(self) -> Path:
        return self._store.root / ".added" / self._sha256
