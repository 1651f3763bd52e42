"""A journal whose file is damaged: said at the start, with what to do, whether what is read first is hit or not."""

from pathlib import Path

import pytest
from journal_samples import SESSION, notice

from cockpit.journal.database import journal_url, open_database
from cockpit.journal.errors import JournalError
from cockpit.journal.sessions import FeedKind
from cockpit.journal.store import Journal

PAGE = 4_096
TO_DO = "move it away together with its -wal and -shm, then put a backup in its place"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of an earlier session."""
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.begin(SESSION)
    for number in range(200):
        journal.append([notice(number)])
    assert journal.close(30)
    return path


def flip(path: Path, page: int) -> None:
    held = bytearray(path.read_bytes())
    held[page * PAGE : (page + 1) * PAGE] = bytes(byte ^ 0x5A for byte in held[page * PAGE : (page + 1) * PAGE])
    path.write_bytes(held)


def sentences_of_a_start(path: Path) -> str:
    """Everything an engine would be told of it: where it opens, and where it is refused."""
    try:
        journal = Journal(path)
    except JournalError as error:
        return str(error)
    try:
        journal.latest_restore(0, FeedKind.SIMULATED)
    except JournalError as error:
        return str(error)
    finally:
        journal.close(30)
    return journal.damage


def test_a_whole_one_has_no_damage(path: Path) -> None:
    assert sentences_of_a_start(path) == ""


def test_a_damaged_page_is_said_with_what_to_do_wherever_it_is(path: Path) -> None:
    whole = path.read_bytes()
    for page in range(1, len(whole) // PAGE):
        path.write_bytes(whole)
        flip(path, page)
        told = sentences_of_a_start(path)
        assert TO_DO in told, f"page {page}: {told}"


@pytest.mark.parametrize("left", [0.3, 0.7, 0.95])
def test_one_that_was_cut_is_said_with_what_to_do(path: Path, left: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * left)])
    assert TO_DO in sentences_of_a_start(path)


def test_a_directory_in_its_place_is_said_with_what_to_do(path: Path) -> None:
    path.unlink()
    path.mkdir()
    assert TO_DO in sentences_of_a_start(path)


def test_a_commit_is_on_the_disk_before_it_is_acknowledged(path: Path) -> None:
    """Losing the power loses nothing that was acknowledged: SQLite waits for the disk at every commit (2 = FULL)."""
    database = open_database(journal_url(path), writes=True)
    with database.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    database.dispose()
