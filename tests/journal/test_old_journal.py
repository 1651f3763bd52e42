"""A journal that the first release made: looked at as it is, taken up by an engine, and nothing of it is lost."""

import gzip
import sqlite3
from pathlib import Path

import pytest
from journal_samples import rows

from cockpit.config.journal_place import JournalPlace
from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Mode
from cockpit.journal import schema
from cockpit.journal.database import journal_url, open_database
from cockpit.journal.drills import latest_drill
from cockpit.journal.errors import JournalError
from cockpit.journal.migrations import CURRENT_VERSION, found_version
from cockpit.journal.reading import JournalReader
from cockpit.journal.report import build_report
from cockpit.journal.session_limits import limits_of, limits_text
from cockpit.journal.sessions import FeedKind
from cockpit.journal.store import Journal
from cockpit.preflight.journal import journal_items

MADE = Path(__file__).parent / "made_by_0_1_0" / "journal.sql.gz"
NET_USD = (0.0416762440, 0.0534104400, -0.0607063960, -0.0647129250, 0.0519867800, 0.0493641800)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    with sqlite3.connect(path) as made:
        made.executescript(gzip.decompress(MADE.read_bytes()).decode())
    made.close()
    return path


def version(path: Path) -> int:
    with open_database(journal_url(path), writes=False).connect() as connection:
        return found_version(connection)


def test_looking_changes_nothing_in_it(path: Path, shipped_config: CockpitConfig) -> None:
    before = path.read_bytes()
    reader = JournalReader(path)
    report = build_report(reader.evidence(), shipped_config)
    assert report.figures.trades == 6
    assert report.figures.pnl_usd == pytest.approx(sum(NET_USD), abs=1e-7)
    assert report.limit_violations == 0
    assert [trade.trade_id for trade in reader.trades()] == [f"t{number:06d}" for number in range(6, 0, -1)]
    assert reader.trades()[0].mae_bps is None, "it was not kept then"
    assert latest_drill(path, "okx") is None
    items = list(journal_items(JournalPlace(path), shipped_config, Mode.PAPER))
    assert items[0].ok
    assert "the next start brings it from version 3" in items[0].detail
    assert path.read_bytes() == before
    assert version(path) == 3


def test_an_engine_takes_it_up(path: Path, shipped_config: CockpitConfig) -> None:
    bodies = [row.body for row in rows_before(path)]
    journal = Journal(path)
    restored = journal.latest_restore(2 * 10**18, FeedKind.SIMULATED, 30)
    assert journal.close(30)
    assert restored is not None
    assert restored.unreadable == ()
    assert restored.command.trades == ()
    assert restored.command.memory.next_trade == 7
    assert restored.command.memory.account.trades_today == 6
    assert version(path) == CURRENT_VERSION
    (account,) = rows(path, schema.accounts)
    assert account.realised_usd == pytest.approx(sum(NET_USD), abs=1e-7), "it was called session_usd then"
    assert restored.command.memory.account.realised_usd == account.realised_usd
    assert [row.body for row in rows(path, schema.trades)] == bodies
    assert {row.limits for row in rows(path, schema.sessions)} == {""}
    assert build_report(JournalReader(path).evidence(), shipped_config).figures.trades == 6


def rows_before(path: Path) -> list[sqlite3.Row]:
    with sqlite3.connect(path) as made:
        made.row_factory = lambda cursor, row: type("Row", (), {"body": row[0]})()
        return list(made.execute("SELECT body FROM trades ORDER BY session_id, seq"))


def test_its_trades_are_judged_by_todays_limits_for_want_of_their_own(
    path: Path, shipped_config: CockpitConfig
) -> None:
    tight = shipped_config.model_copy(
        update={"limits": shipped_config.limits.model_copy(update={"max_notional_usd": 1.0})}
    )
    assert build_report(JournalReader(path).evidence(), tight).limit_violations == 6


def test_a_session_is_judged_by_the_limits_it_ran_under(path: Path, shipped_config: CockpitConfig) -> None:
    Journal(path).close(30)
    with sqlite3.connect(path) as made:
        made.execute("UPDATE sessions SET limits = ?", (limits_text(shipped_config),))
    made.close()
    evidence = JournalReader(path).evidence()
    assert set(evidence.limits.values()) == {limits_of(shipped_config)}
    for change in ({"max_notional_usd": 1.0}, {"max_trades_per_day": 1}, {"daily_loss_usd": 0.01}):
        other = shipped_config.model_copy(update={"limits": shipped_config.limits.model_copy(update=change)})
        assert build_report(evidence, other).limit_violations == 0, "today's config judges today's sessions"
        Journal(path).close(30)
        with sqlite3.connect(path) as made:
            made.execute("UPDATE sessions SET limits = ?", (limits_text(other),))
        made.close()
        assert build_report(JournalReader(path).evidence(), shipped_config).limit_violations > 0
        with sqlite3.connect(path) as made:
            made.execute("UPDATE sessions SET limits = ?", (limits_text(shipped_config),))
        made.close()


@pytest.mark.parametrize("table", ["trades", "orders", "memory", "states"])
def test_a_row_that_cannot_be_read_is_set_aside_and_said(path: Path, table: str, shipped_config: CockpitConfig) -> None:
    with sqlite3.connect(path) as made:
        made.execute(
            f"UPDATE {table} SET body = '{{\"odd\": 1}}' WHERE rowid = (SELECT max(rowid) FROM {table})",
        )
        made.execute("UPDATE orders SET status = 'working'")
    made.close()
    journal = Journal(path)
    restored = journal.latest_restore(2 * 10**18, FeedKind.SIMULATED, 30)
    assert journal.close(30)
    assert restored is not None
    assert restored.command.memory.next_trade == 7, "no id is ever given twice, read or not"
    if table != "states":
        (sentence,) = restored.unreadable
        assert sentence.startswith(f"{table} row ")
        assert "was set aside: expected" in sentence
    if table == "trades":
        evidence = JournalReader(path).evidence()
        assert len(evidence.trades) == 5
        assert evidence.unreadable == restored.unreadable


def test_an_empty_file_and_a_damaged_page_are_said_with_what_to_do(path: Path, shipped_config: CockpitConfig) -> None:
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 4] = b"\xaa" * 4096
    path.write_bytes(data)
    (item,) = [item for item in journal_items(JournalPlace(path), shipped_config, Mode.PAPER) if item.name == "journal"]
    assert not item.ok
    assert "put a backup in its place" in item.detail
    path.write_bytes(b"")
    (item,) = [item for item in journal_items(JournalPlace(path), shipped_config, Mode.PAPER) if item.name == "journal"]
    assert "is empty (0 bytes)" in item.detail
    assert "put a backup in its place" in item.detail
    with pytest.raises(JournalError, match="was empty"):
        JournalReader(path)
    path.write_bytes(b"no database at all, only some text of sufficient length for a header")
    with pytest.raises(JournalError, match="put a backup in its place"):
        Journal(path)
