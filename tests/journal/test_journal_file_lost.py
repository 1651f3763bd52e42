"""A journal that is deleted, replaced or cut under its engine is noticed, and what is decided then waits beside it."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from threading import Condition

import pytest
from journal_samples import SESSION, life, notice

from cockpit.journal.sessions import Entry
from cockpit.journal.spill import Backlog, Spill
from cockpit.journal.store import Journal
from tests.patience import patient_s


def _delete(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def _cut(path: Path) -> None:
    os.truncate(path, 0)


def until(is_so: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + patient_s(30)
    while not is_so():
        assert time.monotonic() < give_up_s
        time.sleep(0.01)


@pytest.mark.parametrize(("lose", "said"), [(_delete, "deleted"), (_replace, "replaced"), (_cut, "cut from")])
def test_it_is_noticed_though_nothing_is_to_be_written(tmp_path: Path, lose: Callable[[Path], None], said: str) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path, backoff_s=(0.01,))
    journal.begin(SESSION)
    for number in range(1, 30):
        journal.append(life(number, 0.05))
    assert journal.flush(30)
    time.sleep(1.2)  # the file is looked at once a second: it is to be seen at its size
    lose(path)
    until(lambda: not journal.health().ok)
    assert said in journal.health().last_error
    assert "put a backup in its place" in journal.health().last_error
    journal.append([notice(1)])
    assert not journal.flush(0.3), "nothing is called written that went into a file nobody will find"
    assert journal.close(30)
    waiting = Spill(path.with_suffix(".spill"))
    assert waiting.records == 1
    waiting.close()


NOTICES = 30


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """One whose newest records stand in its log alone."""
    path = tmp_path / "journal.sqlite"
    journal = Journal(path, backoff_s=(0.01,))
    journal.begin(SESSION)
    journal.append([notice(number) for number in range(NOTICES)])
    assert journal.flush(patient_s(30))
    assert log_of(path).stat().st_size > 0
    yield journal
    journal.close(patient_s(30))


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def left_by_a_kill(path: Path) -> int:
    """How many notices would be found if the engine died now; -1 where the files cannot be read."""
    copies = path.with_name("left")
    shutil.rmtree(copies, ignore_errors=True)
    copies.mkdir()
    for file in (path, log_of(path)):
        if file.exists():
            shutil.copy2(file, copies)
    try:
        with closing(sqlite3.connect(copies / path.name)) as connection:
            count: int = connection.execute("select count(*) from notices").fetchone()[0]
            return count
    except sqlite3.Error:
        return -1


def test_with_every_file_of_it_deleted_what_is_decided_then_is_found_again(journal: Journal, tmp_path: Path) -> None:
    """Also the side file, before it holds anything and after."""
    spill = tmp_path / "journal.spill"
    _delete(tmp_path / "journal.sqlite")
    spill.unlink()
    until(lambda: not journal.health().ok)
    for count in (1, 2, 3):
        journal.append([notice(NOTICES + count)])
        until(lambda: journal.health().at_risk == 0 and spill.exists())
        assert waiting_in(spill) == count
        spill.unlink()
        until(partial(holds, spill, count))
    spill.rename(tmp_path / "moved")
    spill.write_text("somebody's")
    until(lambda: spill.with_suffix(".spill.other").exists() and holds(spill, 3))
    assert spill.with_suffix(".spill.other").read_text() == "somebody's"
    assert journal.close(patient_s(30)) and waiting_in(spill) == 3


@pytest.mark.parametrize("left", [0, 10])
def test_a_side_file_that_is_cut_holds_nothing_up(tmp_path: Path, left: int) -> None:
    """What it held is lost and said; what is decided after it is written."""
    path = tmp_path / "journal.sqlite"
    journal = Journal(path, backoff_s=(0.01,))
    journal.begin(SESSION)
    assert journal.flush(patient_s(30))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        journal.append([notice(number) for number in range(3)])
        until(lambda: journal.health().at_risk == 0)
        os.truncate(path.with_suffix(".spill"), left)
        other.execute("rollback")
    journal.append([notice(9)])
    assert journal.flush(patient_s(30))
    health = journal.health()
    assert health.pending == 0 and health.refused in (0, 3), "an attempt that was under way had read them already"
    said = "3 records in the side file were damaged under the engine: they are lost"
    assert (said in health.last_error) == bool(health.refused)
    assert journal.close(patient_s(30)) and left_by_a_kill(path) == 4 - health.refused


@pytest.mark.parametrize("left", [0, 10])
def test_what_was_cut_off_the_side_file_is_counted_as_lost_once(tmp_path: Path, left: int) -> None:
    path = tmp_path / "a.spill"
    for was_read in (False, True):
        backlog = Backlog(Condition(), Spill(path))
        for number in range(3):
            backlog.push([Entry(1, 1, number, notice(number))])
        backlog.move_to_spill()
        backlog.push([Entry(1, 1, 3, notice(3))])
        units = backlog.oldest(500) if was_read else []
        os.truncate(path, left)
        if was_read:
            backlog.settle(units)
        (newest,) = backlog.oldest(500)
        backlog.settle([newest])
        assert newest[0].seq == 3
        assert (backlog.lost, backlog.pending) == (0 if was_read else 3, 0)
        backlog.close()


def holds(path: Path, count: int) -> bool:
    return path.exists() and waiting_in(path) == count


def waiting_in(path: Path) -> int:
    """How many records a start would take in."""
    copy = path.with_name("copy.spill")
    shutil.copy2(path, copy)
    spill = Spill(copy)
    spill.close()
    return spill.records


def _replace_log(log: Path) -> None:
    log.unlink()
    log.touch(0o600)


@pytest.mark.parametrize("lose", [Path.unlink, _replace_log], ids=["deleted", "replaced"])
@pytest.mark.parametrize("is_read", [False, True], ids=["nobody reads", "somebody reads meanwhile"])
def test_a_log_that_is_deleted_costs_nothing(
    journal: Journal, tmp_path: Path, lose: Callable[[Path], None], is_read: bool
) -> None:
    path = tmp_path / "journal.sqlite"
    lose(log_of(path))
    with closing(sqlite3.connect(path)) as reader:
        if is_read:
            with suppress(sqlite3.Error):
                reader.execute("select count(*) from notices").fetchall()
        until(lambda: left_by_a_kill(path) == NOTICES)
        journal.append([notice(NOTICES)])
        assert journal.flush(patient_s(30)) and journal.health().ok
    assert left_by_a_kill(path) == NOTICES + 1


@pytest.mark.parametrize("left", [0.0, 0.5])
def test_a_log_that_is_cut_is_noticed_though_nothing_is_to_be_written(
    journal: Journal, tmp_path: Path, left: float
) -> None:
    path = tmp_path / "journal.sqlite"
    os.truncate(log_of(path), int(log_of(path).stat().st_size * left))
    until(lambda: not journal.health().ok)
    assert "cut in its -wal" in journal.health().last_error
    assert "put a backup in its place" in journal.health().last_error
    journal.append([notice(NOTICES)])
    assert not journal.flush(0.3)
    assert journal.close(patient_s(30))
    waiting = Spill(path.with_suffix(".spill"))
    assert waiting.records == 1
    waiting.close()


def test_a_log_that_is_emptied_once_it_was_taken_over_is_no_loss(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for more in range(3):
        with closing(sqlite3.connect(path, timeout=patient_s(10))) as other:
            assert other.execute("pragma wal_checkpoint(truncate)").fetchone()[0] == 0
        journal.append([notice(NOTICES + more)])
        assert journal.flush(patient_s(30)) and journal.health().ok, journal.health().last_error
        assert left_by_a_kill(path) == NOTICES + more + 1


def test_damage_in_the_side_file_costs_only_what_it_hit(tmp_path: Path) -> None:
    path = tmp_path / "journal.spill"
    journal = Journal(tmp_path / "journal.sqlite")
    journal.begin(SESSION)
    journal.close(30)
    spill, sizes = Spill(path), [0]
    for number in range(5):
        spill.append([[entry] for entry in journal._entries([notice(number)])])
        sizes.append(path.stat().st_size)
    spill.close()
    data = bytearray(path.read_bytes())
    for position in range(sizes[2], sizes[3]):
        flipped = bytearray(data)
        flipped[position] ^= 0x55
        path.write_bytes(flipped)
        spill = Spill(path)
        assert spill.records == 4, f"byte {position}"
        assert "were damaged" in spill.damage
        assert path.with_suffix(".spill.damaged").read_bytes() == flipped
        spill.close()
    path.write_bytes(data[:-3])
    spill = Spill(path)
    assert (spill.records, spill.damage) == (4, ""), "a torn end is what a kill leaves"
    spill.close()
    path.write_bytes(bytes(flipped))
    taken = Journal(tmp_path / "journal.sqlite")
    assert "were damaged" in taken.damage
    taken.close(30)
