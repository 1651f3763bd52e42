"""The side file: where what the database would not take waits on disk, so that neither memory nor a kill loses it.

A row of length, CRC-32 and msgpack, one a unit. A torn tail (killed while writing) is cut off when the file is opened.
Where bytes before the end are damaged the units behind them are found again, and the file is kept as it was beside it.
"""

import os
import shutil
import struct
from collections import deque
from collections.abc import Callable, Sequence
from io import FileIO
from pathlib import Path
from threading import Condition
from zlib import crc32

import msgspec

from cockpit.journal.errors import JournalError
from cockpit.journal.sessions import Entry, Unit

_HEAD = struct.Struct("<II")
_decoder = msgspec.msgpack.Decoder(list[Entry])


class Spill:
    """An append-only queue of units in a file, oldest first. Once open it is the writer's thread's alone.

    Opening raises `JournalError` when the file cannot be used, or holds what only another version can read; after that
    everything may raise OSError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records = 0
        self.damage = ""
        self._read_at = 0
        try:
            self._file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
            self._end = self._whole_bytes()
            if self._next_unit(self._end + 1) is not None:
                self._cut_out_damage()
            self._file.truncate(self._end)
        except OSError as error:
            raise JournalError(f"expected a side file to write at {path}, was: {error.strerror}") from error
        except msgspec.MsgspecError as error:
            self._file.close()
            raise JournalError(
                f"expected {path} to hold this version's records, was: {error}: start the Cockpit that wrote it once "
                "to have them written, or move the file away"
            ) from error

    def keep_its_place(self) -> None:
        """Deleted or replaced while it was open, nobody would find it again: what it holds goes into a new file."""
        try:
            if os.path.samestat(self.path.lstat(), os.fstat(self._file.fileno())):
                return
            os.replace(self.path, self.path.with_suffix(f"{self.path.suffix}.other"))
        except FileNotFoundError:
            pass
        self._file.seek(self._read_at)
        held = self._file.read(self._end - self._read_at)
        anew = FileIO(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+")
        try:
            _write_all(anew, held)
        except OSError:
            anew.close()
            self.path.unlink(missing_ok=True)
            raise
        self._file.close()
        self._file, self._read_at, self._end = anew, 0, len(held)

    def append(self, units: Sequence[Unit]) -> None:
        """Put units at the end: all of them, or (with an OSError) none."""
        packed = b"".join(_packed(unit) for unit in units)
        try:
            self._file.seek(self._end)
            _write_all(self._file, packed)
        except OSError:
            self._file.truncate(self._end)
            raise
        self._end = self._file.tell()
        self.records += sum(len(unit) for unit in units)

    def oldest(self, limit: int) -> list[Unit]:
        """The oldest units, `limit` records or a little more, without taking them out."""
        units: list[Unit] = []
        at, count = self._read_at, 0
        while count < limit and (found := self._unit_at(at)) is not None:
            unit, at = found
            units.append(unit)
            count += len(unit)
        return units

    def give_up(self) -> int:
        """What it holds was damaged or cut while it was open: how many records are lost. The file is kept beside it."""
        shutil.copyfile(self.path, self.path.with_suffix(f"{self.path.suffix}.damaged"))
        lost, self.records = self.records, 0
        self._file.truncate(0)
        self._read_at = self._end = 0
        return lost

    def drop(self, units: Sequence[Unit]) -> None:
        """Take the oldest units out, which these are; the file is emptied with the last."""
        for unit in units:
            found = self._unit_at(self._read_at)
            self._read_at = self._read_at if found is None else found[1]
            self.records -= len(unit)
        if not self.records:
            self._file.truncate(0)
            self._read_at = self._end = 0

    def close(self) -> None:
        """Close the file; what is in it waits for the next start."""
        self._file.close()

    def _unit_at(self, offset: int) -> tuple[Unit, int] | None:
        """The unit that begins at `offset` and where the next one does; None at the end or where the file is torn."""
        self._file.seek(offset)
        head = self._file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return None
        length, checksum = _HEAD.unpack(head)
        body = self._file.read(length)
        if len(body) < length or crc32(body) != checksum:
            return None
        return _decoder.decode(body), offset + _HEAD.size + length

    def _size(self) -> int:
        return self._file.seek(0, 2)

    def _next_unit(self, offset: int) -> int | None:
        """Where the next whole unit begins, whatever is before it."""
        size = self._size()
        self._file.seek(0)
        data = self._file.read(size)
        for start in range(offset, size - _HEAD.size):
            length, checksum = _HEAD.unpack_from(data, start)
            body = data[start + _HEAD.size : start + _HEAD.size + length]
            if 0 < length == len(body) and crc32(body) == checksum:
                return start
        return None

    def _cut_out_damage(self) -> None:
        """Write the whole units together again, the damaged file being kept beside them under another name."""
        kept = self.path.with_suffix(f"{self.path.suffix}.damaged")
        shutil.copyfile(self.path, kept)
        units: list[Unit] = []
        lost, at = 0, 0
        start: int | None = 0
        while start is not None:
            lost, at = lost + start - at, start
            while (found := self._unit_at(at)) is not None:
                unit, at = found
                units.append(unit)
            start = self._next_unit(at + 1)
        self._file.truncate(0)
        self.records = self._end = 0
        self.append(units)
        self.damage = f"{lost} bytes of {self.path.name} were damaged: what they held is lost, {kept.name} keeps them"

    def _whole_bytes(self) -> int:
        offset = 0
        while (found := self._unit_at(offset)) is not None:
            unit, offset = found
            self.records += len(unit)
        return offset


def _write_all(file: FileIO, packed: bytes) -> None:
    rest = memoryview(packed)
    while rest:
        rest = rest[file.write(rest) :]


def _packed(unit: Unit) -> bytes:
    body = msgspec.msgpack.encode(unit)
    return _HEAD.pack(len(body), crc32(body)) + body


# What waits to be written: the newest in memory, what is older and was too much for it in the side file.


class Backlog:
    """A queue with one writer's thread taking from it. What the side file holds is older than what memory holds.

    What an earlier process left in the side file comes first.
    """

    def __init__(self, changed: Condition, spill: Spill | None) -> None:
        self._changed = changed
        self._units: deque[Unit] = deque()
        self._spill = spill
        self._in_memory = 0
        self._waiting: list[tuple[int, Callable[[], object]]] = []
        self.lost = 0
        """Records that were in the side file and were damaged there."""
        self.appended = spill.records if spill is not None else 0
        self.done = 0

    @property
    def pending(self) -> int:
        """Records that are not in the database yet."""
        return self.appended - self.done

    @property
    def in_memory(self) -> int:
        """Records that only memory holds: a kill would lose them."""
        return self._in_memory

    def push(self, unit: Unit) -> None:
        """Queue a unit. Waits for nobody but another push."""
        with self._changed:
            self._units.append(unit)
            self.appended += len(unit)
            self._in_memory += len(unit)
            self._changed.notify_all()

    def when_done(self, count: int, callback: Callable[[], object]) -> None:
        """Call `callback` once the first `count` records are in the database: at once, or from the writer's thread."""
        with self._changed:
            if self.done < count:
                self._waiting.append((count, callback))
                return
        callback()

    def oldest(self, limit: int) -> list[Unit]:
        """The oldest units, about `limit` records; they stay queued until `settle`."""
        if self._spill is not None and self._spill.records:
            if spilled := self._spill.oldest(limit):
                return spilled
            lost = self._spill.give_up()
            self.lost += lost
            self._count_done(lost)
        units: list[Unit] = []
        count = 0
        with self._changed:
            for unit in self._units:
                if count >= limit:
                    break
                units.append(unit)
                count += len(unit)
        return units

    def settle(self, units: list[Unit]) -> None:
        """The oldest units are in the database: let go of them."""
        records = sum(len(unit) for unit in units)
        if self._spill is not None and self._spill.records:
            self._spill.drop(units)
        else:
            self._forget(units)
        self._count_done(records)

    def _count_done(self, records: int) -> None:
        with self._changed:
            self.done += records
            self._changed.notify_all()
            due = [callback for count, callback in self._waiting if count <= self.done]
            self._waiting = [entry for entry in self._waiting if entry[0] > self.done]
        for callback in due:
            callback()

    def move_to_spill(self) -> None:
        """Put everything that only memory holds into the side file. Raises OSError when that takes nothing either."""
        if self._spill is None:
            return
        self._spill.keep_its_place()
        with self._changed:
            units = list(self._units)
        if units:
            self._spill.append(units)
            self._forget(units)

    def close(self) -> None:
        if self._spill is not None:
            self._spill.close()

    def _forget(self, units: list[Unit]) -> None:
        with self._changed:
            for unit in units:
                self._units.popleft()
                self._in_memory -= len(unit)
