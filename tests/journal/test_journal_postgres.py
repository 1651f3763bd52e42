"""The same journal in PostgreSQL, by URL. Runs against COCKPIT_TEST_POSTGRES_URL, or a throwaway cluster where one can
be made; elsewhere it is skipped and says why.
"""

from pathlib import Path

import pytest
from journal_samples import SESSION, at, closed, life, memory, notice, opened, order, sentences
from msgspec.structs import replace
from postgres_cluster import Cluster
from sqlalchemy import inspect, select, text

from cockpit.domain.actions import Notice, TradeChanged
from cockpit.domain.kinds import Mode, OrderRole
from cockpit.journal import schema
from cockpit.journal.database import journal_url, open_database
from cockpit.journal.errors import JournalError
from cockpit.journal.reading import JournalReader
from cockpit.journal.sessions import FeedKind
from cockpit.journal.store import Journal


def stored(url: str) -> list[str]:
    query = select(schema.notices).order_by(schema.notices.c.session_id, schema.notices.c.seq)
    with open_database(journal_url(url), writes=False).connect() as connection:
        return sentences(list(connection.execute(query)))


def test_the_migrations_make_what_the_code_expects(url: str) -> None:
    assert Journal(url).close(30)
    database = open_database(journal_url(url), writes=False)
    look = inspect(database)
    for table in schema.metadata.tables.values():
        found = {column["name"]: bool(column["nullable"]) for column in look.get_columns(table.name)}
        assert found == {column.name: bool(column.nullable) for column in table.columns}
        keys = look.get_pk_constraint(table.name)["constrained_columns"]
        assert sorted(keys) == sorted(column.name for column in table.primary_key)


def test_what_is_appended_comes_back(url: str) -> None:
    journal = Journal(url)
    assert journal.latest_restore(at(0), FeedKind.LIVE, 30) is None
    journal.begin(SESSION)
    held, told = opened(2), memory(at(121), next_trade=3, max_drawdown_usd=0.25)
    stop = order(held, OrderRole.STOP, 2)
    journal.append([*life(1, 0.05), Notice(at(1), "info", "test", "a\x00b")])
    journal.append([TradeChanged(at(61), closed(1, 0.05), "closed"), TradeChanged(at(120), held, "opened"), told])
    journal.alive(at(0), Mode.PAPER)
    journal.alive(at(60), Mode.PAPER)
    assert journal.flush(30)
    assert (journal.health().ok, journal.health().refused) == (True, 0)
    assert journal.close(30)

    reader = JournalReader(url)
    assert reader.trades() == [held, closed(1, 0.05)]
    evidence = reader.evidence()
    assert (evidence.approved, evidence.requests) == (1, {"okx": 1})
    assert [span.to_ns - span.from_ns for span in evidence.spans] == [60 * 10**9]
    assert evidence.accounts[0][2].max_drawdown_usd == 0.25
    assert stored(url) == ["a\ufffdb"]
    again = Journal(url)
    restored = again.latest_restore(at(200), FeedKind.LIVE, 30)
    again.close(30)
    assert restored is not None
    assert (restored.command.memory, restored.command.trades) == (told.memory, (held,))
    assert stop not in restored.command.orders


def test_a_record_that_can_never_be_stored_does_not_hold_up_the_rest(url: str) -> None:
    journal = Journal(url)
    journal.begin(SESSION)
    journal.append([notice(1), replace(notice(2), ts_ns=2**70), notice(3)])
    assert journal.flush(30)
    assert (journal.health().ok, journal.health().refused) == (True, 1)
    journal.close(30)
    assert stored(url) == ["notice 1", "notice 3"]


def test_a_connection_that_is_cut_is_made_again(url: str) -> None:
    journal = Journal(url, backoff_s=(0.01,))
    journal.begin(SESSION)
    journal.append([notice(1)])
    assert journal.flush(30)
    with open_database(journal_url(url), writes=False).connect() as other:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        other.execute(text(f"{others} AND pid <> pg_backend_pid()"))
    journal.append([notice(2)])
    assert journal.flush(30)
    health = journal.health()
    assert (health.ok, health.pending) == (True, 0)
    assert "terminat" in health.last_error
    journal.close(30)
    assert stored(url) == ["notice 1", "notice 2"]


def test_a_server_that_goes_down_loses_nothing(cluster: Cluster, url: str, tmp_path: Path) -> None:
    journal = Journal(url, spill_path=tmp_path / "journal.spill", backoff_s=(0.01,), spill_above_records=100)
    journal.begin(SESSION)
    assert journal.flush(30)
    cluster.stop()
    try:
        for number in range(300):
            journal.append([notice(number)])
        assert not journal.flush(0.3)
        assert not journal.health().ok
        assert (tmp_path / "journal.spill").stat().st_size > 0
    finally:
        cluster.start()
    assert journal.flush(30)
    journal.close(30)
    assert stored(url) == [f"notice {number}" for number in range(300)]


def test_two_engines_on_one_journal_are_refused(url: str, tmp_path: Path) -> None:
    first = Journal(url, tmp_path / "first.spill")
    with pytest.raises(JournalError, match="for this engine alone, was another engine's: stop that one"):
        Journal(url, tmp_path / "second.spill")
    assert first.close(30)
    second = Journal(url, tmp_path / "second.spill")
    assert second.close(30)
