"""A store that is read where it lies: an object store, or any place that the Parquet library has a file system for.

Workers on many machines read one history so (`s3://bucket/history`, `gs://`, `abfs://`, `hdfs://`, `file://`); what
more the place needs stands in its URL or in its own environment, as `AWS_ACCESS_KEY_ID`. Days are added on the machine
that has the files, and copied as they are.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from cockpit.history.day_files import About, read_about
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import KINDS
from cockpit.history.recording_store import SUFFIX as RECORDING
from cockpit.history.recording_store import RecordingStore
from cockpit.history.store import SUFFIX, Series, Store, day_of, name_of

_URL = re.compile(r"[a-z][a-z0-9]*://")
_DAY = re.compile(r"(?P<venue>[^/]+)/(?P<asset>[^/]+)/(?P<kind>[^/]+)/(?P<day>\d{4}-\d\d-\d\d)" + re.escape(SUFFIX))


def store_at(place: str) -> Store:
    """The store in a directory, behind a URL, or of a recording. Raises `HistoryError` for what nothing reads."""
    if _URL.match(place):
        return RemoteStore(place)
    path = Path(place)
    return RecordingStore(path) if path.suffix == RECORDING else Store(path)


class RemoteStore(Store):
    """Read only. What is there is looked up once."""

    def __init__(self, url: str) -> None:
        try:
            self._files, self._base = fs.FileSystem.from_uri(url)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise HistoryError(f"{_shown(url)}: expected a place that can be read, was none: {_line(error)}") from error
        super().__init__(Path(self._base))
        self._url = url
        self._known: dict[Series, dict[int, int]] | None = None

    @property
    def name(self) -> str:
        """The URL without what may be a secret in it."""
        return _shown(self._url)

    @property
    def address(self) -> str:
        """The URL, as it was given."""
        return self._url

    def has(self, series: Series, day: int) -> bool:
        """Whether a day is there."""
        return day in self._days.get(series, {})

    def read(self, series: Series, day: int, columns: Sequence[str] | None = None) -> pa.Table:
        """A day's rows. Raises `HistoryError` where the place does not answer."""
        try:
            return pq.read_table(self._name(series, day), columns=columns, filesystem=self._files)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    def size_bytes(self, series: Series, day: int) -> int:
        """How large a day's file is."""
        return self._days[series][day]

    def series(self) -> list[Series]:
        """Everything that has a day, in the order of its names."""
        return sorted(self._days, key=lambda one: one.text)

    def days(self, series: Series) -> list[int]:
        """The days that are there, from the first on."""
        return sorted(self._days.get(series, {}))

    def about(self, series: Series, day: int) -> About | None:
        """What is known of a day; None where it is not there."""
        return read_about(self._name(series, day), self._files) if self.has(series, day) else None

    def writing(self) -> NoReturn:
        """Nobody may."""
        raise HistoryError(f"{self.name}: expected a directory to add to, was a URL: add there, and copy it")

    @property
    def _days(self) -> dict[Series, dict[int, int]]:
        """The sizes of all days by series."""
        if self._known is None:
            self._known = {}
            for info in self._listed():
                found = _DAY.fullmatch(info.path.removeprefix(self._base).lstrip("/"))
                kind = KINDS.get(found["kind"]) if found else None
                if found and kind is not None:
                    days = self._known.setdefault(Series(found["venue"], found["asset"], kind), {})
                    days[day_of(found["day"])] = info.size
        return self._known

    def _listed(self) -> list[Any]:
        try:
            listed: list[Any] = self._files.get_file_info(fs.FileSelector(self._base, recursive=True))
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error
        return listed

    def _name(self, series: Series, day: int) -> str:
        return f"{self._base}/{name_of(series, day)}"

    def _unreadable(self, error: Exception) -> HistoryError:
        return HistoryError(f"{_shown(self._url)}: expected history that can be read: {_line(error)}")


def _shown(url: str) -> str:
    """Without what may be a secret in it."""
    return re.sub(r"//[^/@]*@", "//", url).partition("?")[0]


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
