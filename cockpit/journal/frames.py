"""The frames of a recording, found one by one: whole ones, the torn end a kill leaves, and damage with more behind it.

A frame's end is found from the lengths inside it before anything is unpacked, and it is unpacked into the size it
states: a small file made to exhaust the memory stops here.
"""

from collections.abc import Iterator
from enum import Enum
from typing import BinaryIO, NamedTuple

import zstandard

MAGIC = b"\x28\xb5\x2f\xfd"
MAX_FRAME_BYTES = 8 * 1024 * 1024
"""A writer ends a frame at a quarter of a megabyte and a record."""
_HEADER_BYTES = 18
_BLOCK_HEAD_BYTES = 3
_CHECKSUM_BYTES = 4
_RLE, _RESERVED = 1, 3
_SCAN_BYTES = 128 * 1024


class Frame(NamedTuple):
    """A whole frame's content, and where in the file it begins and ends."""

    start: int
    end: int
    content: bytes


class Gap(NamedTuple):
    """Bytes that are no whole frame. `is_torn`: they are the file's end as a kill or a power cut leaves it."""

    start: int
    size: int
    is_torn: bool


class _Flaw(Enum):
    CUT = "the file ends inside it"
    BROKEN = "its bytes are not those that were written"


def read_frames(file: BinaryIO) -> Iterator[Frame | Gap]:
    """Every whole frame in order, and what is between them."""
    at, size = 0, file.seek(0, 2)
    while at < size:
        found = _frame_at(file, at, size)
        if isinstance(found, Frame):
            yield found
            at = found.end
            continue
        start, after = at, _next_frame(file, at + 1, size)
        at = size if after is None else after
        yield Gap(start, at - start, after is None and (found is _Flaw.CUT or _is_zero(file, start, size)))


def _frame_at(file: BinaryIO, start: int, size: int) -> Frame | _Flaw:
    file.seek(start)
    head = file.read(_HEADER_BYTES)
    if not head.startswith(MAGIC):
        return _Flaw.CUT if MAGIC.startswith(head) else _Flaw.BROKEN
    try:
        stated = zstandard.get_frame_parameters(head)
        header_bytes = zstandard.frame_header_size(head)
    except zstandard.ZstdError:
        return _Flaw.CUT if len(head) < _HEADER_BYTES else _Flaw.BROKEN
    if not 0 <= stated.content_size <= MAX_FRAME_BYTES:  # an unknown size is a huge number
        return _Flaw.BROKEN
    end = _end_of_blocks(file, start + header_bytes, size)
    if isinstance(end, _Flaw):
        return end
    end += _CHECKSUM_BYTES if stated.has_checksum else 0
    if end > size:
        return _Flaw.CUT
    file.seek(start)
    try:
        packed = file.read(end - start)
        content = zstandard.ZstdDecompressor().decompress(packed, max_output_size=max(1, stated.content_size))
    except zstandard.ZstdError:
        return _Flaw.BROKEN
    return Frame(start, end, content)


def _end_of_blocks(file: BinaryIO, at: int, size: int) -> int | _Flaw:
    """Where the last block of the frame ends, told by the blocks' own heads."""
    first = at
    while True:
        file.seek(at)
        head = int.from_bytes(file.read(_BLOCK_HEAD_BYTES), "little")
        at += _BLOCK_HEAD_BYTES
        is_last, kind, length = head & 1, head >> 1 & 3, head >> 3
        if at <= size and (kind == _RESERVED or at - first > 2 * MAX_FRAME_BYTES):
            return _Flaw.BROKEN
        at += 1 if kind == _RLE else length
        if at > size:
            return _Flaw.CUT
        if is_last:
            return at


def _next_frame(file: BinaryIO, at: int, size: int) -> int | None:
    """Where the next whole frame begins, None where there is none."""
    while at < size:
        file.seek(at)
        chunk = file.read(_SCAN_BYTES)
        found = chunk.find(MAGIC)
        if found < 0:
            at += max(1, len(chunk) - len(MAGIC) + 1)
            continue
        at += found
        if isinstance(_frame_at(file, at, size), Frame):
            return at
        at += 1
    return None


def _is_zero(file: BinaryIO, at: int, size: int) -> bool:
    """Whether nothing but zeros follows: what a power cut leaves of a file that was about to grow."""
    file.seek(at)
    while at < size:
        chunk = file.read(min(_SCAN_BYTES, size - at))
        if chunk.count(0) != len(chunk) or not chunk:
            return False
        at += len(chunk)
    return True
