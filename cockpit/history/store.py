"""The store: `VENUE/ASSET/KIND/YYYY-MM-DD.parquet` under one directory, written by one process at a time.

What is being written is hidden (`.…part`) and no day; what was left of a killed import goes when the next one begins.
"""

import contextlib
import fcntl
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from cockpit.domain.events import MarketEvent
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.history.day_files import About, read_about
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import KINDS, Kind

SUFFIX = ".parquet"
PART = ".part"
DIRECTORY = "history"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SAFE = re.compile(r"[A-Za-z0-9_]{1,40}")


class Series(NamedTuple):
    """One kind of one asset at one venue."""

    venue: str
    asset: str
    kind: Kind

    @property
    def text(self) -> str:
        """As people name it."""
        return f"{self.venue} {self.asset} {self.kind.name}"


class Store:
    """The days on disk. Nothing is created before something is added."""

    caveat = ""
    """What its prices are, where they are not those of the market that is traded."""
    damage: Sequence[str] = ()
    """What of it could not be read."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def name(self) -> str:
        """As messages name it."""
        return str(self.root)

    @property
    def address(self) -> str:
        """What `store_at` finds it by, from whichever directory."""
        return str(self.root.resolve())

    def path(self, series: Series, day: int) -> Path:
        """Where a day is, or will be. `day` counts from the epoch. Raises `HistoryError` for a name that is no name."""
        return self.root / name_of(series, day)

    def has(self, series: Series, day: int) -> bool:
        """Whether a day is there."""
        return self.path(series, day).exists()

    def read(self, series: Series, day: int, columns: Sequence[str] | None = None) -> pa.Table:
        """A day's rows. Only where it is there."""
        return pq.read_table(self.path(series, day), columns=columns)

    def size_bytes(self, series: Series, day: int) -> int:
        """How large a day's file is."""
        return self.path(series, day).stat().st_size

    def series(self) -> list[Series]:
        """Everything that has a day, in the order of its names."""
        found = []
        for directory in sorted(self.root.glob("*/*/*")):
            kind = KINDS.get(directory.name)
            if kind is not None and directory.is_dir():
                found.append(Series(directory.parts[-3], directory.parts[-2], kind))
        return [one for one in found if self.days(one)]

    def days(self, series: Series) -> list[int]:
        """The days that are there, from the first on."""
        names = (path.name for path in self.path(series, 0).parent.glob(f"*{SUFFIX}"))
        return sorted(day_of(name.removesuffix(SUFFIX)) for name in names if _DAY.fullmatch(name.removesuffix(SUFFIX)))

    def about(self, series: Series, day: int) -> About | None:
        """What is known of a day; None where it is not there."""
        path = self.path(series, day)
        return read_about(path) if path.exists() else None

    def readings(self, day: int) -> Sequence[MarketEvent]:
        """Readings of a day that are stored as events: columns have none."""
        return ()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """The right to write. Raises `HistoryError` where another process has it."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.root / ".lock").open("w")
        except OSError as error:
            raise HistoryError(f"{self.root}: expected a directory to store in, was {error.strerror}") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise HistoryError(f"{self.root}: expected to write alone, was another history add running") from error
            for left in self.root.rglob(f".*{PART}"):
                left.unlink(missing_ok=True)
            yield


def name_of(series: Series, day: int) -> str:
    """Where a day stands under any store. Raises `HistoryError` for a name that is no name."""
    for name in (series.venue, series.asset):
        if not _SAFE.fullmatch(name):
            raise HistoryError(f"expected a name of letters and digits, was {name!r}")
    return f"{series.venue}/{series.asset}/{series.kind.name}/{day_text(day)}{SUFFIX}"


def day_text(day: int) -> str:
    """A day since the epoch as 2024-08-08."""
    return f"{datetime.fromtimestamp(day * NS_PER_DAY // NS_PER_S, UTC):%Y-%m-%d}"


def day_of(text: str) -> int:
    """2024-08-08 as a day since the epoch. Raises ValueError for what is no date."""
    return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) * NS_PER_S // NS_PER_DAY


def joined(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches of time in order, those that touch made one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def is_whole(about: About, day: int) -> bool:
    """Whether its sources speak of the whole UTC day."""
    return about.covered == [(day * NS_PER_DAY, (day + 1) * NS_PER_DAY)]
