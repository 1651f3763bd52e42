"""An old journal becomes a new one with everything in it; a newer one is left alone."""

import sqlite3
from pathlib import Path

import pytest
from journal_samples import SESSION, closed, life
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import OperationalError

from cockpit.journal import schema
from cockpit.journal.database import journal_url, open_database
from cockpit.journal.errors import JournalError
from cockpit.journal.migrations import CURRENT_VERSION, MIGRATIONS, found_version, migrate
from cockpit.journal.reading import JournalReader
from cockpit.journal.sessions import FeedKind
from cockpit.journal.store import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def at_version(path: Path, version: int) -> Engine:
    database = open_database(journal_url(path), writes=True)
    with database.begin() as connection:
        migrate(connection, MIGRATIONS[:version])
    return database


def columns(database: Engine) -> dict[str, list[tuple[str, bool]]]:
    """Every table's columns and whether they may be NULL, as the database has them."""
    look = inspect(database)
    return {
        table: sorted((column["name"], bool(column["nullable"])) for column in look.get_columns(table))
        for table in look.get_table_names()
    }


def expected_columns() -> dict[str, list[tuple[str, bool]]]:
    return {
        table.name: sorted((column.name, bool(column.nullable)) for column in table.columns)
        for table in schema.metadata.tables.values()
    }


def expected_keys() -> dict[str, list[str]]:
    return {table.name: [column.name for column in table.primary_key] for table in schema.metadata.tables.values()}


def test_the_migrations_make_what_the_code_expects(path: Path) -> None:
    database = at_version(path, CURRENT_VERSION)
    assert columns(database) == expected_columns()
    look = inspect(database)
    found = {table: look.get_pk_constraint(table)["constrained_columns"] for table in look.get_table_names()}
    assert {table: sorted(keys) for table, keys in found.items()} == {
        table: sorted(keys) for table, keys in expected_keys().items()
    }


def fill_version_1(path: Path) -> None:
    """A session and a trade, as a Cockpit of version 1 wrote them."""
    at_version(path, 1).dispose()
    trade = closed(1, 0.05)
    journal = Journal(path.with_name("new.sqlite"))
    journal.begin(SESSION)
    journal.append(life(1, 0.05))
    journal.close(30)
    with sqlite3.connect(path) as old:
        old.execute("ATTACH ? AS new", (str(path.with_name("new.sqlite")),))
        for table in ("trades", "fills", "orders", "verdicts", "requests"):
            names = ", ".join(row[1] for row in old.execute(f"PRAGMA table_info({table})"))
            old.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM new.{table}")
        old.execute(
            "INSERT INTO sessions VALUES (?, ?, ?, 'live', 'paper', 'digest', '0.0.1')",
            (SESSION.session_id, SESSION.session_id, SESSION.started_ns),
        )
    old.close()
    assert trade.trade_id == "t000001"


def test_a_report_reads_a_version_1_journal_and_leaves_it_as_it_is(path: Path) -> None:
    fill_version_1(path)
    assert JournalReader(path).trades() == [closed(1, 0.05)]
    evidence = JournalReader(path).evidence()
    assert (len(evidence.trades), len(evidence.sent), evidence.spans) == (1, 1, ())
    with open_database(journal_url(path), writes=False).connect() as connection:
        assert found_version(connection) == 1


def test_a_version_1_journal_is_brought_up_with_everything_in_it(path: Path) -> None:
    fill_version_1(path)
    journal = Journal(path)
    restored = journal.latest_restore(SESSION.started_ns, FeedKind.LIVE, 30)
    journal.close(30)
    assert restored is not None
    assert restored.lineage == SESSION.session_id
    assert JournalReader(path).trades() == [closed(1, 0.05)]
    assert JournalReader(path).evidence().spans == (), "version 1 did not know the hours: none are made up"
    database = open_database(journal_url(path), writes=False)
    assert columns(database) == expected_columns()
    with database.connect() as connection:
        assert found_version(connection) == CURRENT_VERSION
        assert connection.exec_driver_sql("SELECT source FROM sessions").scalar_one() == ""


def test_migrating_twice_changes_nothing(path: Path) -> None:
    database = at_version(path, CURRENT_VERSION)
    before = columns(database)
    with database.begin() as connection:
        assert migrate(connection) == CURRENT_VERSION
    assert columns(database) == before


def test_a_step_that_fails_half_way_leaves_the_old_version(path: Path) -> None:
    database = at_version(path, 1)
    with database.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE uptime (something_else TEXT)")
    with pytest.raises(OperationalError, match="already exists"), database.begin() as connection:
        migrate(connection)
    with database.connect() as connection:
        assert found_version(connection) == 1
    assert "source" not in [name for name, _ in columns(database)["sessions"]]


def test_a_newer_journal_is_refused_and_left_alone(path: Path) -> None:
    database = at_version(path, CURRENT_VERSION)
    with database.begin() as connection:
        connection.exec_driver_sql(f"UPDATE schema_version SET version = {CURRENT_VERSION + 1}")
    said = f"expected a journal of version {CURRENT_VERSION} or older, was {CURRENT_VERSION + 1}"
    for opening in (Journal, JournalReader):
        with pytest.raises(JournalError, match=said):
            opening(path)
