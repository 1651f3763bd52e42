"""A recording in the place of a store: its prints and tops as columns, everything else of its market as readings."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa

from cockpit.domain.events import MarketEvent
from cockpit.domain.units import NS_PER_DAY
from cockpit.history.day_files import About, Source
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import STAMP
from cockpit.history.recorded_rows import not_of_a_market, recorded_market
from cockpit.history.source_files import sha256_of
from cockpit.history.store import Series, Store
from cockpit.journal.errors import RecordingError
from cockpit.journal.recordings import RecordingReader

SUFFIX = ".rec"


class RecordingStore(Store):
    """Read only, and read once. Raises `HistoryError` for a file that is no recording."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        others: list[MarketEvent] = []
        parts: dict[tuple[Series, int], list[pa.Table]] = {}
        try:
            reader = RecordingReader(path)
            caveat = not_of_a_market(reader.header)
            for series, table in recorded_market(reader, others):
                days = table[STAMP].to_numpy() // NS_PER_DAY
                for day in np.unique(days).tolist():
                    parts.setdefault((Series(*series), day), []).append(table.filter(pa.array(days == day)))
        except RecordingError as error:
            raise HistoryError(str(error)) from error
        if caveat:
            self.caveat = f"the recording is {caveat}: it proves nothing of one that is traded"
        self.damage = tuple(one.sentence for one in reader.damage)
        self._sha256 = sha256_of(path)
        self._tables = {at: pa.concat_tables(tables) for at, tables in parts.items()}
        self._readings: dict[int, list[MarketEvent]] = {}
        for event in others:
            self._readings.setdefault(event.ts_ns // NS_PER_DAY, []).append(event)

    def has(self, series: Series, day: int) -> bool:
        """Whether it has rows of this day."""
        return (series, day) in self._tables

    def read(self, series: Series, day: int, columns: Sequence[str] | None = None) -> pa.Table:
        """A day's rows."""
        table = self._tables[series, day]
        return table if columns is None else table.select(list(columns))

    def size_bytes(self, series: Series, day: int) -> int:
        """How much memory a day's rows take."""
        return int(self._tables[series, day].nbytes)

    def series(self) -> list[Series]:
        """Everything that it has rows of."""
        return sorted({series for series, _ in self._tables}, key=lambda one: one.text)

    def days(self, series: Series) -> list[int]:
        """The days that it has rows of."""
        return sorted(day for one, day in self._tables if one == series)

    def about(self, series: Series, day: int) -> About | None:
        """The file as the one source of the day."""
        table = self._tables.get((series, day))
        if table is None:
            return None
        stamps = table[STAMP].to_numpy()
        source = Source(self.root.name, self._sha256, table.num_rows)
        covered = [(int(stamps.min()), int(stamps.max()) + 1)]
        return About(symbol="", rows=table.num_rows, sources=[source], covered=covered, gap_count=0, gaps=[])

    def readings(self, day: int) -> Sequence[MarketEvent]:
        """What was recorded that day beside prints and tops, in its order."""
        return self._readings.get(day, [])

    def writing(self) -> NoReturn:
        """Nobody has the right to."""
        raise HistoryError(f"{self.name}: expected a directory to store in, was a recording")
