"""The newest session's line of trades: what its restarts carried on, and nothing of other lines."""

from pathlib import Path

from journal_samples import SESSION, at, closed, opened, trade
from msgspec.structs import replace

from cockpit.domain.actions import TradeChanged
from cockpit.domain.trades import TradeRecord
from cockpit.journal.reading import JournalReader
from cockpit.journal.restore import Restored
from cockpit.journal.sessions import SessionInfo
from cockpit.journal.store import Journal


def session(path: Path, info: SessionInfo, trades: list[TradeRecord], continues: Restored | None = None) -> None:
    journal = Journal(path)
    journal.begin(info, continues)
    journal.append([TradeChanged(at(1), record, "changed") for record in trades])
    assert journal.close(30)


def test_a_line_goes_over_restarts_and_stops_at_another_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    first = SESSION
    session(path, first, [closed(1, 0.05), opened(2)])
    assert [found.trade_id for found in JournalReader(path).line_trades()] == ["t000001", "t000002"]

    journal = Journal(path)
    restored = journal.latest_restore(at(600), first.feed)
    journal.close(30)
    other = replace(first, session_id=first.session_id + 1)
    assert restored is not None
    session(path, other, [closed(2, 0.02), trade(3)], restored)
    assert [found.trade_id for found in JournalReader(path).line_trades()] == ["t000001", "t000002", "t000003"]
    assert [found.trade_id for found in JournalReader(path).line_trades(limit=1)] == ["t000003"]

    session(path, replace(first, session_id=first.session_id + 2), [trade(9)])
    assert [found.trade_id for found in JournalReader(path).line_trades()] == ["t000009"]
