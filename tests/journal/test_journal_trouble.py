"""Locked, full, torn, gone: the journal keeps everything meanwhile, says so, and writes it once when it can again."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from journal_samples import SESSION, at, closed, no_file_over, notice, opened, rows, sentences

from cockpit.domain.actions import (
    Notice,
    TradeChanged,
)
from cockpit.domain.kinds import Mode
from cockpit.journal import schema
from cockpit.journal.errors import JournalError
from cockpit.journal.reading import JournalReader
from cockpit.journal.sessions import FeedKind
from cockpit.journal.store import Journal
from tests.patience import patient_s

FAST = (0.01,)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = Journal(path, backoff_s=FAST)
    journal.begin(SESSION)
    yield journal
    journal.close(30)


def lock(path: Path) -> sqlite3.Connection:
    """Somebody else holds the database."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other


def test_a_locked_database_never_holds_up_the_engine(journal: Journal, path: Path) -> None:
    assert journal.flush(30)
    other = lock(path)
    began = time.perf_counter()
    for number in range(200):
        journal.append([notice(2 * number), notice(2 * number + 1)])
    took_s = time.perf_counter() - began
    assert took_s < min(40.0, patient_s(5)), "waiting for the locked database takes 0.25 s each time, 50 s for all"
    assert not journal.flush(0.5)
    health = journal.health()
    assert (health.ok, health.pending, health.last_error) == (False, 400, "database is locked")
    assert journal.flush(0.0) is False

    other.execute("ROLLBACK")
    other.close()
    assert journal.flush(30)
    assert sentences(rows(path, schema.notices)) == [f"notice {number}" for number in range(400)]
    health = journal.health()
    assert (health.ok, health.pending, health.written, health.at_risk) == (True, 0, 401, 0)
    assert health.last_error == "database is locked", "what happened stays readable"


def test_a_journal_locked_at_the_start_is_made_later(path: Path) -> None:
    other = lock(path)
    journal = Journal(path, backoff_s=FAST)
    journal.begin(SESSION)
    journal.append([notice(1)])
    assert not journal.flush(0.3)
    with pytest.raises(JournalError, match="expected the journal to be readable, was: database is locked"):
        journal.latest_restore(at(0), FeedKind.LIVE, timeout_s=0.05)
    other.execute("ROLLBACK")
    other.close()
    assert journal.flush(30)
    journal.close(30)
    assert sentences(rows(path, schema.notices)) == ["notice 1"]


def test_more_than_memory_should_hold_goes_to_the_side_file_and_comes_back_in_order(path: Path) -> None:
    journal = Journal(path, backoff_s=FAST, spill_above_records=50)
    journal.begin(SESSION)
    assert journal.flush(30)
    other = lock(path)
    for number in range(100):
        journal.append([notice(number)])
    assert not journal.flush(0.8)
    assert journal.health().at_risk == 0
    assert path.with_suffix(".spill").stat().st_size > 0
    for number in range(100, 120):
        journal.append([notice(number)])
    assert journal.health().pending == 120
    other.execute("ROLLBACK")
    other.close()
    assert journal.flush(30)
    assert journal.close(30)
    assert sentences(rows(path, schema.notices)) == [f"notice {number}" for number in range(120)]
    assert path.with_suffix(".spill").stat().st_size == 0


def test_closing_while_the_database_is_locked_loses_nothing(path: Path) -> None:
    journal = Journal(path, backoff_s=FAST)
    journal.begin(SESSION)
    assert journal.flush(30)
    other = lock(path)
    journal.append([notice(1), notice(2)])
    assert journal.close(30)
    other.execute("ROLLBACK")
    other.close()
    assert rows(path, schema.notices) == []
    assert JournalReader(path).evidence().waiting_bytes > 0
    again = Journal(path)
    assert again.flush(30)
    again.close(30)
    assert sentences(rows(path, schema.notices)) == ["notice 1", "notice 2"]
    assert JournalReader(path).evidence().waiting_bytes == 0


def test_a_side_file_that_was_written_already_changes_nothing(path: Path, tmp_path: Path) -> None:
    spill = path.with_suffix(".spill")
    journal = Journal(path, backoff_s=FAST, spill_above_records=0)
    journal.begin(SESSION)
    assert journal.flush(30)
    other = lock(path)
    journal.append([notice(1), TradeChanged(at(1), opened(1), "opened")])
    assert not journal.flush(0.6)
    shutil.copy(spill, tmp_path / "copy")
    other.execute("ROLLBACK")
    other.close()
    assert journal.flush(30)
    journal.append([TradeChanged(at(90), closed(1, 0.05), "closed")])
    journal.close(30)
    before = [rows(path, table) for table in (schema.notices, schema.trades)]
    shutil.copy(tmp_path / "copy", spill)
    again = Journal(path)
    assert again.flush(30)
    assert (again.health().written, again.health().refused) == (2, 0)
    again.close(30)
    assert [rows(path, table) for table in (schema.notices, schema.trades)] == before
    assert JournalReader(path).trades() == [closed(1, 0.05)]


def test_a_torn_side_file_gives_what_is_whole(path: Path) -> None:
    spill = path.with_suffix(".spill")
    journal = Journal(path, backoff_s=FAST)
    journal.begin(SESSION)
    assert journal.flush(30)
    other = lock(path)
    journal.append([notice(1)])
    journal.append([notice(2)])
    journal.close(30)
    other.execute("ROLLBACK")
    other.close()
    spill.write_bytes(spill.read_bytes()[:-3])
    again = Journal(path)
    assert again.flush(30)
    assert again.health().written == 1
    again.close(30)
    assert sentences(rows(path, schema.notices)) == ["notice 1"]


def test_a_full_disk_is_said_and_survived(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite itself says that the disk is full: every connection is held to so many pages."""
    pages = 60

    class Small(sqlite3.Connection):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self.execute(f"PRAGMA max_page_count = {pages}").close()

    real = sqlite3.connect
    monkeypatch.setattr("sqlite3.dbapi2.connect", lambda *args, **more: real(*args, factory=Small, **more))
    journal = Journal(path, backoff_s=FAST)
    journal.begin(SESSION)
    assert journal.flush(30)
    for number in range(2_000):
        journal.append([Notice(at(number), "info", "test", f"{number:06d} " + "x" * 200)])
    assert not journal.flush(0.5)
    health = journal.health()
    assert (health.ok, health.last_error) == (False, "database or disk is full")
    assert 0 < health.written < 2_001
    assert health.written + health.pending == 2_001
    pages = 100_000
    assert journal.flush(30)
    journal.close(30)
    assert [row.sentence[:6] for row in rows(path, schema.notices)] == [f"{number:06d}" for number in range(2_000)]


def test_a_disk_full_for_database_and_side_file_alike_is_survived(path: Path) -> None:
    """The operating system refuses to let any file grow: nothing can be written anywhere, and nothing is lost."""
    journal = Journal(path, backoff_s=FAST, spill_above_records=0)
    journal.begin(SESSION)
    assert journal.flush(30)
    with no_file_over(0):
        for number in range(300):
            journal.append([notice(number)])
        assert not journal.flush(0.3)
        health = journal.health()
        assert (health.ok, health.at_risk) == (False, health.pending)
        assert health.pending > 0
    assert journal.flush(30)
    journal.close(30)
    assert sentences(rows(path, schema.notices)) == [f"notice {number}" for number in range(300)]


def test_a_record_that_can_never_be_stored_does_not_hold_up_the_rest(journal: Journal, path: Path) -> None:
    journal.append([notice(1), Notice(2**70, "info", "test", "out of range"), notice(2)])
    journal.append([Notice(at(3), "info", "test", "\ud800 has no UTF-8")])
    journal.append([notice(4)])
    assert journal.flush(30)
    health = journal.health()
    assert (health.ok, health.refused, health.pending, health.written) == (True, 2, 0, 4)
    assert health.last_error.startswith("a Notice cannot be stored: ")
    assert sentences(rows(path, schema.notices)) == ["notice 1", "notice 2", "notice 4"]


def test_a_server_that_is_not_there_is_said_without_its_password() -> None:
    journal = Journal("postgresql://root:canary-7f3a@127.0.0.1:1/x", backoff_s=FAST)
    journal.begin(SESSION)
    with pytest.raises(JournalError, match="expected the journal to be readable") as raised:
        journal.latest_restore(at(0), FeedKind.LIVE, timeout_s=0.5)
    assert not journal.close(30), "no side file was given: what was appended is lost, and that is said"
    health = journal.health()
    assert health.at_risk == 1
    assert "refused" in health.last_error
    assert "canary-7f3a" not in str(raised.value) + health.last_error


def test_signs_of_life_and_sessions_survive_the_side_file(path: Path) -> None:
    Journal(path).close(30)
    other = lock(path)
    journal = Journal(path, backoff_s=FAST)
    journal.begin(SESSION)
    journal.alive(at(0), Mode.PAPER)
    journal.alive(at(60), Mode.PAPER)
    journal.close(30)
    other.execute("ROLLBACK")
    other.close()
    again = Journal(path)
    assert again.flush(30)
    again.close(30)
    assert [span.to_ns - span.from_ns for span in JournalReader(path).evidence().spans] == [60 * 10**9]
