"""A recording gives back what was written, and after any accident what was flushed."""

import os
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from journal_samples import any_of, no_file_over, notice

from cockpit.domain.actions import Action, AnyAction
from cockpit.domain.commands import AnyCommand, Arm
from cockpit.domain.events import AnyEvent, Tick, Trade
from cockpit.domain.kinds import Mode
from cockpit.journal.errors import RecordingError
from cockpit.journal.frames import MAX_FRAME_BYTES, Frame, read_frames
from cockpit.journal.recordings import (
    Marker,
    Record,
    RecordingHeader,
    RecordingWriter,
    read_recording,
)

OLD = Path(__file__).parent / "made_by_0_1_0" / "session.rec"
HEADER = RecordingHeader(
    created_ns=1, origin="engine", source="live", config_json='{"a": 1}', mode=Mode.PAPER, start_ns=2, feed="live"
)
records = st.one_of([any_of(kind) for union in (AnyEvent, AnyCommand, AnyAction) for kind in get_args(union)])


def write(path: Path, items: list[Record], flush_every: int = 1_000) -> None:
    with RecordingWriter(path, HEADER) as writer:
        for number, item in enumerate(items, start=1):
            put(writer, item)
            if number % flush_every == 0:
                assert writer.flush()
    assert writer.failure is None


def put(writer: RecordingWriter, item: Record) -> None:
    if isinstance(item, Action):
        writer.write_action(item)
    else:
        writer.write_input(item)


def trades(count: int) -> list[Record]:
    return [Trade(n, n + 1, "binance", "BTC", 60_000.0 + n, 0.5, n % 2 == 0, n) for n in range(count)]


@given(items=st.lists(records, max_size=12), flush_every=st.integers(1, 5))
def test_everything_comes_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, items: list[Record], flush_every: int
) -> None:
    path = tmp_path_factory.mktemp("recording") / "a.rec"
    write(path, items, flush_every)
    header, reader = read_recording(path)
    assert header == HEADER
    assert list(reader) == items
    assert not reader.torn


def test_a_recording_can_be_read_twice_and_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    with RecordingWriter(path, HEADER) as writer:
        writer.write_input(Tick(1))
        writer.flush()
        writer.write_input(Tick(2))
        _, reader = read_recording(path)
        assert list(reader) == [Tick(1)]
        writer.flush()
        assert list(reader) == [Tick(1), Tick(2)]


def test_batches_are_runs_of_one_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    write(path, [Tick(1), Tick(2), Arm(3, "c", "key"), notice(1), Tick(4)])
    _, reader = read_recording(path)
    assert [(marker, len(batch)) for marker, batch in reader.batches()] == [
        (Marker.EVENT, 2),
        (Marker.COMMAND, 1),
        (Marker.ACTION, 1),
        (Marker.EVENT, 1),
    ]


def test_a_full_buffer_flushes_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    with RecordingWriter(path, HEADER, flush_bytes=2_000) as writer:
        for item in trades(100):
            put(writer, item)
        assert writer.records_flushed > 0
        _, reader = read_recording(path)
        assert list(reader) == trades(100)[: writer.records_flushed]


def test_a_tail_torn_at_any_byte_costs_only_the_last_flush(tmp_path: Path) -> None:
    path, torn = tmp_path / "a.rec", tmp_path / "torn.rec"
    with RecordingWriter(path, HEADER) as writer:
        for item in trades(20):
            put(writer, item)
        writer.flush()
        whole = path.stat().st_size
        for item in trades(40)[20:]:
            put(writer, item)
    data = path.read_bytes()
    assert whole < len(data)
    for end in range(whole, len(data)):
        torn.write_bytes(data[:end])
        _, reader = read_recording(torn)
        assert list(reader) == trades(20)
        assert (reader.torn, reader.dropped_bytes) == (end > whole, end - whole)


@pytest.mark.parametrize(("rest", "is_torn"), [(b"\0" * 4096, True), (b"something else", False)])
def test_junk_after_the_last_frame_is_no_data(tmp_path: Path, rest: bytes, is_torn: bool) -> None:
    """Zeros are what a power cut leaves; nothing that stops a writer leaves anything else."""
    path = tmp_path / "a.rec"
    write(path, trades(5))
    with path.open("ab") as file:
        file.write(rest)
    _, reader = read_recording(path)
    assert list(reader) == trades(5)
    assert (reader.dropped_bytes, reader.torn, bool(reader.damage)) == (len(rest), is_torn, not is_torn)


def test_whatever_byte_of_a_frame_is_wrong_the_frames_behind_it_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    with RecordingWriter(path, HEADER) as writer:
        ends = []
        for number in range(3):
            for item in trades(60)[20 * number : 20 * number + 20]:
                put(writer, item)
            writer.flush()
            ends.append(path.stat().st_size)
    data = path.read_bytes()
    rest = trades(20) + trades(60)[40:]
    for position in range(ends[0], ends[1]):
        flipped = bytearray(data)
        flipped[position] ^= 0x55
        path.write_bytes(flipped)
        _, reader = read_recording(path)
        found = list(reader)
        if found == trades(60):
            assert not reader.damage, "a byte that nothing depends on"
            continue
        assert found == rest, f"byte {position}"
        assert not reader.torn
        (damage,) = reader.damage
        assert damage.offset == ends[0]
        assert damage.sentence == f"{ends[1] - ends[0]} bytes at byte {ends[0]} are damaged"


def parts_of(path: Path) -> list[bytes]:
    """Its whole frames, header first, each as it stands in the file."""
    with path.open("rb") as file:
        data = path.read_bytes()
        return [data[found.start : found.end] for found in read_frames(file) if isinstance(found, Frame)]


def in_parts(path: Path) -> list[bytes]:
    with RecordingWriter(path, HEADER) as writer:
        for number in range(4):
            for item in trades(40)[10 * number : 10 * number + 10]:
                put(writer, item)
            writer.flush()
    return parts_of(path)


@pytest.mark.parametrize("taken", [[1], [2], [3], [1, 2], [1, 3]])
def test_a_part_that_was_taken_out_is_damage(tmp_path: Path, taken: list[int]) -> None:
    path = tmp_path / "a.rec"
    parts = in_parts(path)
    path.write_bytes(b"".join(part for number, part in enumerate(parts) if number not in taken))
    _, reader = read_recording(path)
    assert len(list(reader)) == 40 - 10 * len(taken)
    sentences = [damage.sentence for damage in reader.damage]
    assert len(sentences) == (2 if taken == [1, 3] else 1)
    assert re.fullmatch(r"expected \d+ records before byte \d+, was \d+: a part was taken out or put in", sentences[0])
    assert list(reader) and len(reader.damage) == len(sentences), "the same when it is read again"


def test_a_part_that_stands_there_twice_or_in_anothers_place_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    header, *parts = in_parts(path)
    for order in ([0, 1, 1, 2, 3], [1, 0, 2, 3], [0, 1, 3, 2]):
        path.write_bytes(header + b"".join(parts[number] for number in order))
        _, reader = read_recording(path)
        assert len(list(reader)) == 10 * len(order)
        assert reader.damage


def test_where_bytes_are_damaged_what_stood_there_is_not_told_once_more(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    header, first, second, *rest = in_parts(path)
    path.write_bytes(header + first + bytes([second[0] ^ 1]) + second[1:] + b"".join(rest))
    _, reader = read_recording(path)
    assert len(list(reader)) == 30
    assert [damage.sentence for damage in reader.damage] == [
        f"{len(second)} bytes at byte {len(header + first)} are damaged"
    ]


def test_damage_is_known_before_the_first_record_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    write(path, trades(20), flush_every=5)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)
    _, reader = read_recording(path)
    last = -1
    for record in reader:
        assert isinstance(record, Trade)
        assert bool(reader.damage) == (record.trade_id > last + 1) or last > 5
        last = record.trade_id
    assert last == 19


def test_a_flipped_bit_is_never_read_as_data(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    with RecordingWriter(path, HEADER) as writer:
        for item in trades(20):
            put(writer, item)
        writer.flush()
        whole = path.stat().st_size
        for item in trades(40)[20:]:
            put(writer, item)
    data = path.read_bytes()
    for position in range(whole, len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            path.write_bytes(flipped)
            _, reader = read_recording(path)
            assert list(reader) in (trades(20), trades(40)), f"bit {bit} of byte {position}"


def header_frame(**changes: object) -> bytes:
    fields = {**msgspec.to_builtins(HEADER), **changes}
    body = msgspec.msgpack.encode(fields)
    content = bytes([Marker.HEADER]) + len(body).to_bytes(4, "little") + body
    return zstandard.compress(content)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "was none"),
        (b"1700000000 {}\n", "was none"),
        (header_frame()[:-3], "was none"),
        (zstandard.compress(b""), "something else compressed"),
        (zstandard.compress(b"a log, compressed, of some length"), "something else compressed"),
        (header_frame(format="pcap"), "something else compressed"),
        (header_frame(version=3, shape="unknown"), "expected recording version 2 or older, was 3"),
        (header_frame(mode="practice"), "expected a recording's header"),
    ],
)
def test_what_is_no_recording_says_so_in_one_line(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "a.rec"
    path.write_bytes(data)
    with pytest.raises(RecordingError, match=said) as raised:
        read_recording(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        read_recording(tmp_path / "none.rec")


def test_a_frame_made_to_exhaust_the_memory_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    write(path, trades(3))
    bomb = zstandard.compress(bytes(MAX_FRAME_BYTES + 1))
    with path.open("ab") as file:
        file.write(bomb)
    _, reader = read_recording(path)
    assert list(reader) == trades(3)
    assert reader.dropped_bytes == len(bomb)


def test_a_frame_that_states_less_than_it_holds_is_not_opened(tmp_path: Path) -> None:
    """Run-length blocks: 4 bytes of file for 128 kB each, behind a header that states a kilobyte."""
    path = tmp_path / "a.rec"
    write(path, trades(3))
    block = (128 * 1024 << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    last = (128 * 1024 << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"\0"
    head = b"\x28\xb5\x2f\xfd\x60" + (1024 - 256).to_bytes(2, "little")
    with path.open("ab") as file:
        file.write(head + block * 6_000 + last)
    tracemalloc.start()
    _, reader = read_recording(path)
    assert list(reader) == trades(3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * MAX_FRAME_BYTES
    assert reader.damage


def test_a_recording_of_the_first_release_is_read() -> None:
    header, reader = read_recording(OLD)
    assert (header.engine_version, header.build, header.origin) == ("0.1.0", "", "engine")
    kinds = {type(record).__name__ for record in reader}
    assert {"Trade", "Top", "Arm", "CommandAnswered", "StateChanged"} <= kinds
    assert not reader.damage
    assert not reader.torn


def test_a_record_of_another_vocabulary_is_an_error_not_a_tail(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    write(path, trades(3))
    body = msgspec.msgpack.encode([["teleport", 1, 2]])
    with path.open("ab") as file:
        file.write(zstandard.compress(bytes([Marker.EVENT]) + len(body).to_bytes(4, "little") + body))
    _, reader = read_recording(path)
    with pytest.raises(RecordingError, match="expected event records"):
        list(reader)


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    write(path, trades(3))
    with pytest.raises(RecordingError, match="File exists"):
        RecordingWriter(path, HEADER)
    assert list(read_recording(path)[1]) == trades(3)


def test_a_full_disk_leaves_a_gap_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    with RecordingWriter(path, HEADER) as writer:
        for item in trades(10):
            put(writer, item)
        assert writer.flush()
        with no_file_over(path.stat().st_size + 20):
            for item in trades(5_000):
                put(writer, item)
            assert not writer.flush()
            assert writer.failure == "not recording since 10 records: File too large"
            writer.write_input(Tick(1))
            assert not writer.flush()
        with no_file_over(path.stat().st_size + 10_000):
            assert not writer.flush(), "room for the note alone is none"
        assert list(read_recording(path)[1]) == trades(10)
        writer.write_input(Tick(2))
        assert writer.flush(), "there is room again"
        assert writer.failure is None
        writer.write_input(Tick(3))
    _, reader = read_recording(path)
    assert list(reader) == [*trades(10), Tick(3)]
    assert not reader.torn
    (gap,) = reader.damage
    assert gap.sentence == "5002 records were not recorded: not recording since 10 records: File too large"


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def _cut(path: Path) -> None:
    os.truncate(path, 20)


@pytest.mark.parametrize(("lose", "said"), [(Path.unlink, "deleted"), (_replace, "deleted"), (_cut, "cut from")])
def test_one_that_is_taken_away_while_it_is_written_is_said(
    tmp_path: Path, lose: Callable[[Path], None], said: str
) -> None:
    with RecordingWriter(tmp_path / "a.rec", HEADER, flush_bytes=1_000) as writer:
        for item in trades(10):
            put(writer, item)
        assert writer.flush() and writer.failure is None
        lose(tmp_path / "a.rec")
        for item in trades(500):
            put(writer, item)
        assert not writer.flush() and not writer.flush()
        assert f"was {said}" in str(writer.failure)
        assert writer.records_flushed == 10


def test_one_that_is_moved_while_it_is_written_goes_on(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "a.rec", HEADER) as writer:
        writer.write_input(Tick(1))
        assert writer.flush()
        (tmp_path / "a.rec").rename(tmp_path / "kept.rec")
        writer.write_input(Tick(2))
        assert writer.flush() and writer.failure is None
    assert list(read_recording(tmp_path / "kept.rec")[1]) == [Tick(1), Tick(2)]


def test_a_record_without_an_encoding_is_missing_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    with RecordingWriter(path, HEADER) as writer:
        writer.write_input(Tick(1))
        writer.write_input(Tick(2**70))
        writer.write_input(Tick(3))
        assert writer.failure is not None
        assert writer.failure.startswith("not recording since 1 records: a record has no encoding")
        assert writer.flush()
        writer.write_input(Tick(4))
    _, reader = read_recording(path)
    assert list(reader) == [Tick(1), Tick(4)]
    assert reader.damage[0].sentence.startswith("2 records were not recorded: not recording since 1 records: a record")


def test_any_zstd_tool_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    write(path, trades(30), flush_every=10)
    with path.open("rb") as file:
        content = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    assert b"cockpit-recording" in content
    assert content.count(b"binance") == 30
