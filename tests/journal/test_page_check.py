"""A journal whose file is damaged while an engine writes it: found without anybody reading it, said once."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from journal_samples import SESSION, notice

from cockpit.journal import page_check
from cockpit.journal.database import PUT_BACK, journal_url
from cockpit.journal.page_check import PageCheck
from cockpit.journal.store import Journal
from tests.patience import patient_s

PAGE = 4_096
NOTICES = 20_000
PAGES_AT_LEAST = 300


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """An engine's, of some size, all of it taken over into the main file; it is looked at all the time."""
    monkeypatch.setattr(page_check, "PAUSE_PER_CHECK", 0)
    path = tmp_path / "journal.sqlite"
    journal = Journal(path, pages_every_s=0.001)
    journal.begin(SESSION)
    journal.append([notice(number) for number in range(NOTICES)])
    assert journal.flush(patient_s(30.0))
    take_over(path)
    assert path.stat().st_size > PAGES_AT_LEAST * PAGE
    yield journal
    journal.close(patient_s(30.0))


def take_over(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=patient_s(10.0))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def damage(path: Path, page: int) -> bytes:
    """Damage one page of the main file; what it held."""
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        held = file.read(PAGE)
        file.seek(page * PAGE)
        file.write(bytes(byte ^ 0x5A for byte in held))
    return held


def until_damaged(journal: Journal) -> None:
    give_up_s = time.monotonic() + patient_s(10.0)
    while not journal.damage:
        assert time.monotonic() < give_up_s, "nobody looked"
        time.sleep(0.002)


def test_it_is_found_by_itself_and_said_once(
    journal: Journal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal.sqlite"
    assert journal.damage == ""
    with caplog.at_level(logging.ERROR, "cockpit"):
        damage(path, path.stat().st_size // PAGE // 2)
        until_damaged(journal)
        journal.note_damage(f"another page{PUT_BACK}")
    said = [record.getMessage() for record in caplog.records if "damaged (" in record.getMessage()]
    assert len(said) == 1 and PUT_BACK in said[0] and str(path) in said[0]
    assert journal.damage in said[0]


def test_every_part_of_the_file_is_looked_at(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    assert journal.close(patient_s(30.0))
    check = PageCheck(journal_url(path), lambda sentence: None)
    assert check.find_damage() == ""
    pages = path.stat().st_size // PAGE
    for page in (0, *range(1, pages, pages // 40), pages - 1):
        held = damage(path, page)
        assert check.find_damage() != "", f"page {page} of {pages}"
        with path.open("r+b") as file:
            file.seek(page * PAGE)
            file.write(held)
    assert check.find_damage() == ""


def test_a_whole_one_that_is_being_written_is_never_called_damaged(journal: Journal, tmp_path: Path) -> None:
    check = PageCheck(journal_url(tmp_path / "journal.sqlite"), lambda sentence: None)
    for round_ in range(10):
        journal.append([notice(NOTICES + round_ * 1_000 + number) for number in range(1_000)])
        assert check.find_damage() == ""
    assert journal.flush(patient_s(30.0)) and journal.damage == ""


def test_where_the_file_is_gone_none_is_made(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.unlink()
    assert PageCheck(journal_url(path), lambda sentence: None).find_damage() == ""
    assert not path.exists()


def test_one_that_is_locked_is_not_called_damaged(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    assert journal.close(patient_s(30.0))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        assert PageCheck(journal_url(path), lambda sentence: None).find_damage() == ""
