"""The queue before the database: oldest first whatever lies in the side file, and a side file that is whole or torn."""

from pathlib import Path
from threading import Condition
from zlib import crc32

import pytest
from journal_samples import no_file_over, notice

from cockpit.journal.errors import JournalError
from cockpit.journal.sessions import Entry, Unit
from cockpit.journal.spill import Backlog, Spill


def unit(*numbers: int) -> Unit:
    return [Entry(1, 1, number, notice(number)) for number in numbers]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.spill"


def test_the_side_file_holds_what_is_older_and_goes_first(path: Path) -> None:
    backlog = Backlog(Condition(), Spill(path))
    backlog.push(unit(1, 2))
    backlog.push(unit(3))
    backlog.move_to_spill()
    backlog.push(unit(4))
    assert (backlog.pending, backlog.in_memory) == (4, 1)
    taken = []
    while backlog.pending:
        units = backlog.oldest(1)
        taken += units
        backlog.settle(units)
    assert taken == [unit(1, 2), unit(3), unit(4)]
    assert (backlog.done, backlog.in_memory) == (4, 0)
    backlog.close()


def test_a_unit_is_never_split(path: Path) -> None:
    backlog = Backlog(Condition(), None)
    backlog.push(unit(1, 2, 3))
    backlog.push(unit(4))
    assert backlog.oldest(2) == [unit(1, 2, 3)]
    assert backlog.oldest(4) == [unit(1, 2, 3), unit(4)]


def test_without_a_side_file_memory_keeps_everything() -> None:
    backlog = Backlog(Condition(), None)
    backlog.push(unit(1))
    backlog.move_to_spill()
    assert backlog.in_memory == 1


def test_an_earlier_processs_side_file_is_taken_over(path: Path) -> None:
    left = Spill(path)
    left.append([unit(1), unit(2, 3)])
    left.close()
    backlog = Backlog(Condition(), Spill(path))
    backlog.push(unit(4))
    assert backlog.pending == 4
    assert backlog.oldest(10) == [unit(1), unit(2, 3)]
    backlog.close()


def test_a_side_file_that_is_read_out_is_empty(path: Path) -> None:
    spill = Spill(path)
    spill.append([unit(1), unit(2)])
    spill.drop([unit(1)])
    assert path.stat().st_size > 0
    spill.drop([unit(2)])
    assert (path.stat().st_size, spill.records) == (0, 0)
    spill.append([unit(3)])
    assert spill.oldest(10) == [unit(3)]
    spill.close()


def test_a_side_file_takes_all_units_or_none(path: Path) -> None:
    spill = Spill(path)
    spill.append([unit(1)])
    before = path.stat().st_size
    with no_file_over(before + 50), pytest.raises(OSError, match="File too large"):
        spill.append([unit(2), unit(3), unit(4)])
    assert (path.stat().st_size, spill.records) == (before, 1)
    spill.append([unit(5)])
    assert spill.oldest(10) == [unit(1), unit(5)]
    spill.close()


def test_a_tail_torn_at_any_byte_costs_only_the_last_unit(path: Path) -> None:
    spill = Spill(path)
    spill.append([unit(1)])
    whole = path.stat().st_size
    spill.append([unit(2)])
    spill.close()
    data = path.read_bytes()
    for end in range(whole, len(data)):
        path.write_bytes(data[:end])
        again = Spill(path)
        assert again.oldest(10) == [unit(1)]
        again.append([unit(3)])
        assert again.oldest(10) == [unit(1), unit(3)]
        again.close()


def test_another_versions_side_file_is_refused_not_dropped(path: Path) -> None:
    body = b"\x91\x94\x01\x01\x01\x81\xa4kind\xa7unknown"
    path.write_bytes(len(body).to_bytes(4, "little") + crc32(body).to_bytes(4, "little") + body)
    with pytest.raises(JournalError, match="to hold this version's records"):
        Spill(path)
    assert path.read_bytes().endswith(body)


def test_a_side_file_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="expected a side file to write"):
        Spill(tmp_path / "none" / "journal.spill")
