"""Recordings: everything that entered the engine and everything it decided, in order, in one file.

A recording is a row of zstd frames, so `zstd -d` opens it too. The first frame holds the header, every later one what
was buffered between two flushes: batches of a marker byte, a length and a msgpack array of records of one kind. A frame
is whole or it does not count: after a kill the records up to the last flush are there and the torn rest is dropped.
Where bytes in the middle are damaged the frames behind them are read all the same, and the gap is told. Each frame says
how many records stand before it: one that was taken out, or stands there twice, is told too.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum
from io import FileIO
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import msgspec
import zstandard

from cockpit.domain.actions import AnyAction
from cockpit.domain.commands import AnyCommand, Command
from cockpit.domain.events import AnyEvent
from cockpit.domain.kinds import Mode
from cockpit.domain.wire import Input
from cockpit.journal.errors import RecordingError
from cockpit.journal.frames import Gap, read_frames

FORMAT = "cockpit-recording"
VERSION = 2
"""Since the second each frame says what stands before it."""
FLUSH_BYTES = 256 * 1024
SPACE_BYTES = 2 * FLUSH_BYTES

_PREFIX = struct.Struct("<BI")
_ARRAY = struct.Struct(">BI")
_COUNT = struct.Struct("<Q")
_ARRAY_32 = 0xDD
_BATCH_HEAD = _PREFIX.size + _ARRAY.size


class Marker(IntEnum):
    """What a batch holds."""

    HEADER = ord("H")
    EVENT = ord("E")
    COMMAND = ord("C")
    ACTION = ord("A")
    GAP = ord("G")
    BEFORE = ord("B")


class RecordingHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay must know: the config (as JSON text), the mode and the instant the engine started with.

    `origin` tells whether an engine recorded its own session or a capture was imported; `source` names where it came
    from; `feed` is simulated, recorded or live. `build` is the digest of the code that decides: another build may
    decide otherwise.
    """

    created_ns: int
    origin: Literal["import", "engine"]
    source: str
    config_json: str
    mode: Mode
    start_ns: int
    hold_context: bool = False
    engine_version: str = ""
    build: str = ""
    feed: str = ""
    format: str = FORMAT
    version: int = VERSION


class Unrecorded(msgspec.Struct, frozen=True):
    """So many records are missing here, because the disk (or their encoding) refused them, and why."""

    records: int
    why: str


class Damage(NamedTuple):
    """Something is missing from a recording at this place in the file."""

    offset: int
    sentence: str


class _Stamp(msgspec.Struct, frozen=True):
    """The part of a header that every version has."""

    format: str
    version: int


Record = Input | AnyAction
_Batch = list[AnyEvent] | list[AnyCommand] | list[AnyAction]

_DECODERS: dict[int, msgspec.msgpack.Decoder[Any]] = {
    Marker.EVENT: msgspec.msgpack.Decoder(list[AnyEvent]),
    Marker.COMMAND: msgspec.msgpack.Decoder(list[AnyCommand]),
    Marker.ACTION: msgspec.msgpack.Decoder(list[AnyAction]),
}


class RecordingWriter:
    """Writes one recording. Records are buffered and become readable, kill -9 or not, with the flush that follows.

    The file must not exist yet (after a crash a new one is begun); raises `RecordingError` when it cannot be made.
    After that nothing raises: recording never stops trading. While the disk refuses, `failure` says why and records
    are counted as missing; once it takes them again the recording goes on behind a note of how many are.
    """

    def __init__(self, path: Path, header: RecordingHeader, flush_bytes: int = FLUSH_BYTES) -> None:
        self.path = path
        self.failure: str | None = None
        self.records_flushed = 0
        self._missing = 0
        self._is_gone = False
        self._flush_bytes = flush_bytes
        self._encode_into = msgspec.msgpack.Encoder().encode_into
        self._compressor = zstandard.ZstdCompressor(write_checksum=True)
        self._buffer = bytearray()
        self._marker: Marker | None = None
        self._batch_start = 0
        self._batch_count = 0
        self._buffered = 0
        self._good_bytes = 0
        try:
            self._file = FileIO(path, "x")
        except OSError as error:
            raise RecordingError(f"expected to create a new recording at {path}, was: {error.strerror}") from error
        if not self._append_frame(self._compressor.compress(_batch(Marker.HEADER, msgspec.msgpack.encode(header)))):
            self._file.close()
            raise RecordingError(f"expected to write a recording's header to {path}, was: {self.failure}")

    def write_input(self, item: Input) -> None:
        """Buffer what entered the engine."""
        self._write(Marker.COMMAND if isinstance(item, Command) else Marker.EVENT, item)

    def write_action(self, action: AnyAction) -> None:
        """Buffer what the engine decided."""
        self._write(Marker.ACTION, action)

    def flush(self) -> bool:
        """Hand everything buffered to the operating system as one frame. False while it takes nothing, and from then
        on where the file was deleted or cut.
        """
        if self._was_taken_away():
            self._seal_batch()
            self._buffer.clear()
            self._buffered = 0
            return False
        if self._missing:
            self._go_on()
        if self.failure is None and self._buffer:
            self._seal_batch()
            if not self._append_frame(self._compressor.compress(self._before() + self._buffer)):
                self._missing += self._buffered
            else:
                self.records_flushed += self._buffered
            self._buffer.clear()
            self._buffered = 0
        return self.failure is None

    def _was_taken_away(self) -> bool:
        """Whether nobody will read what is written: a moved file is still there, a deleted one is not."""
        if self._is_gone or self._file.closed:
            return self._is_gone
        found = os.fstat(self._file.fileno())
        if found.st_nlink == 0 or found.st_size < self._good_bytes:
            what = "deleted" if found.st_nlink == 0 else f"cut from {self._good_bytes} to {found.st_size} bytes"
            self._is_gone = True
            self.failure = f"not recording any more: {self.path} was {what} under the engine"
        return self._is_gone

    def _go_on(self) -> None:
        """After records went missing, once there is room again: a note of how many, then recording goes on."""
        if not self._has_space():
            return
        note = _batch(Marker.GAP, msgspec.msgpack.encode(Unrecorded(self._missing, self.failure or "")))
        if self._append_frame(self._compressor.compress(self._before() + note)):
            self.failure, self._missing = None, 0

    def _before(self) -> bytes:
        return _batch(Marker.BEFORE, _COUNT.pack(self.records_flushed))

    def close(self) -> None:
        """Flush and close. Closing twice is fine."""
        if not self._file.closed:
            self.flush()
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, marker: Marker, item: msgspec.Struct) -> None:
        if self._missing:
            self._missing += 1
            return
        if marker is not self._marker:
            self._seal_batch()
            self._marker = marker
            self._batch_start = len(self._buffer)
            self._buffer += bytes(_BATCH_HEAD)
        end = len(self._buffer)
        try:
            self._encode_into(item, self._buffer, -1)
        except (TypeError, ValueError, OverflowError) as error:
            del self._buffer[end:]
            self.flush()
            self.failure = f"not recording since {self.records_flushed} records: a record has no encoding: {error}"
            self._missing += 1
            return
        self._batch_count += 1
        if len(self._buffer) >= self._flush_bytes:
            self.flush()

    def _seal_batch(self) -> None:
        """Fill in the head that was left empty when the batch began."""
        if self._marker is None:
            return
        start, body = self._batch_start, self._batch_start + _PREFIX.size
        _PREFIX.pack_into(self._buffer, start, self._marker, len(self._buffer) - body)
        _ARRAY.pack_into(self._buffer, body, _ARRAY_32, self._batch_count)
        self._buffered += self._batch_count
        self._marker, self._batch_count = None, 0

    def _append_frame(self, frame: bytes) -> bool:
        rest = memoryview(frame)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.failure = f"not recording since {self.records_flushed} records: {error.strerror}"
            self._drop_torn_frame()
            return False
        self._good_bytes += len(frame)
        return True

    def _has_space(self) -> bool:
        """Whether the disk takes a full buffer: what has room for the note alone would fail again at once."""
        good_bytes = self._good_bytes
        has_capacity = self._append_frame(bytes(SPACE_BYTES))
        self._good_bytes = good_bytes
        self._drop_torn_frame()
        return has_capacity

    def _drop_torn_frame(self) -> None:
        """Leave the file as it was after the last good frame; a reader drops the torn rest if even that fails."""
        try:
            self._file.truncate(self._good_bytes)
            self._file.seek(self._good_bytes)
        except OSError:
            return


class RecordingReader:
    """Reads one recording; iterate it (more than once if need be) for its records in order.

    Bytes that are no whole frame are never raised: at the file's end they are `torn`, anywhere else `damage`, and
    `dropped_bytes` counts them all. Damage is known before the first record behind it comes. Raises `RecordingError`
    for what is no recording, or one of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.dropped_bytes = 0
        self.torn = False
        self.damage: list[Damage] = []
        self._has_gap = False
        """Whether bytes were damaged since a frame last said what stands before it."""
        self.header = self._read_header()

    def __iter__(self) -> Iterator[Record]:
        for _, batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[tuple[Marker, _Batch]]:
        """The records in order, in runs of one kind: for readers in a hurry."""
        records = 0
        for number, (offset, frame) in enumerate(self._frames()):
            for marker, body in _split(frame, self.path):
                if (marker is Marker.HEADER) != (number == 0):
                    raise RecordingError(f"{self.path}: expected one header and then records, frame {number} was not")
                if marker is Marker.GAP:
                    self._note_missing(offset, body)
                elif marker is Marker.BEFORE:
                    records = self._note_taken_out(offset, body, records)
                elif marker is not Marker.HEADER:
                    batch = _decode(marker, body, self.path)
                    records += len(batch)
                    yield marker, batch

    def _note_taken_out(self, offset: int, body: memoryview, found: int) -> int:
        """Whether all that was written before a frame was found before it, damage aside. Returns how much was."""
        if len(body) != _COUNT.size:
            raise RecordingError(f"{self.path}: expected a count of {_COUNT.size} bytes, was {len(body)}")
        expected = int(_COUNT.unpack(body)[0])
        if expected != found and not self._has_gap:
            sentence = f"expected {expected} records before byte {offset}, was {found}: a part was taken out or put in"
            self.damage.append(Damage(offset, sentence))
        self._has_gap = False
        return expected

    def _note_missing(self, offset: int, body: memoryview) -> None:
        try:
            found = msgspec.msgpack.decode(body, type=Unrecorded)
        except msgspec.MsgspecError as error:
            raise RecordingError(f"{self.path}: expected a note of what is missing, was: {error}") from error
        self.damage.append(Damage(offset, f"{found.records} records were not recorded: {found.why}"))

    def _read_header(self) -> RecordingHeader:
        frame = self._first_frame()
        if frame is None:
            raise RecordingError(f"{self.path}: expected a recording (.rec), was none: no whole header at its start")
        marker, body = next(iter(_split(frame, self.path)), (None, b""))
        try:
            stamp = msgspec.msgpack.decode(body, type=_Stamp) if marker is Marker.HEADER else None
            if stamp is None or stamp.format != FORMAT:
                raise RecordingError(f"{self.path}: expected a recording (.rec), was something else compressed")
            if stamp.version > VERSION:
                raise RecordingError(
                    f"{self.path}: expected recording version {VERSION} or older, was {stamp.version}: "
                    "read it with the Cockpit that wrote it, or a newer one"
                )
            return msgspec.msgpack.decode(body, type=RecordingHeader)
        except msgspec.MsgspecError as error:
            raise RecordingError(f"{self.path}: expected a recording's header, was: {error}") from error

    def _first_frame(self) -> bytes | None:
        """What the file begins with; None where that is no whole frame."""
        offset, frame = next(iter(self._frames()), (-1, b""))
        return frame if offset == 0 else None

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        """Each whole frame's place and content. Keeps account of what is not one."""
        self.dropped_bytes, self.torn, self.damage, self._has_gap = 0, False, [], False
        try:
            with self.path.open("rb") as file:
                for found in read_frames(file):
                    if isinstance(found, Gap):
                        self._drop(found)
                    else:
                        yield found.start, found.content
        except OSError as error:
            if self.path.is_dir():
                raise RecordingError(f"{self.path} is a directory, not a recording") from error
            raise RecordingError(f"expected to read a recording at {self.path}, was: {error.strerror}") from error

    def _drop(self, gap: Gap) -> None:
        self.dropped_bytes += gap.size
        self.torn = self.torn or gap.is_torn
        if not gap.is_torn:
            self._has_gap = True
            self.damage.append(Damage(gap.start, f"{gap.size} bytes at byte {gap.start} are damaged"))


def _batch(marker: Marker, body: bytes) -> bytes:
    return _PREFIX.pack(marker, len(body)) + body


def read_recording(path: Path) -> tuple[RecordingHeader, RecordingReader]:
    """A recording's header and its records. Raises `RecordingError`, see `RecordingReader`."""
    reader = RecordingReader(path)
    return reader.header, reader


def _split(frame: bytes, path: Path) -> Iterable[tuple[Marker, memoryview]]:
    """A frame's batches."""
    view, offset = memoryview(frame), 0
    while offset < len(view):
        try:
            marker, length = _PREFIX.unpack_from(view, offset)
            kind = Marker(marker)
        except (struct.error, ValueError) as error:
            raise RecordingError(f"{path}: expected a recording's batch, was something else compressed") from error
        start = offset + _PREFIX.size
        offset = start + length
        if offset > len(view):
            raise RecordingError(f"{path}: expected a batch of {length} bytes, was {len(view) - start}")
        yield kind, view[start:offset]


def _decode(marker: Marker, body: memoryview, path: Path) -> _Batch:
    try:
        batch: _Batch = _DECODERS[marker].decode(body)
    except msgspec.MsgspecError as error:
        raise RecordingError(f"{path}: expected {marker.name.lower()} records, was: {error}") from error
    return batch
