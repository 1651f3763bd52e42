"""kill -9 at any moment: what was acknowledged is there, and what is there is whole."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from journal_samples import SESSION, notice, sentences

from cockpit.domain.events import Tick
from cockpit.domain.kinds import TradePhase
from cockpit.journal.reading import JournalReader
from cockpit.journal.recordings import read_recording
from cockpit.journal.sessions import FeedKind
from cockpit.journal.store import Journal

CHILD = Path(__file__).with_name("killed_writer.py")
ROOT = CHILD.parents[2]


def run_and_kill(what: str, home: Path, acknowledgements: int) -> int:
    """Let the child write until it has acknowledged so often, then SIGKILL it. Returns the last number it promised."""
    child = subprocess.Popen(
        [sys.executable, str(CHILD), what, str(home)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert child.stdout is not None
    with child.stdout as said:
        promised = [int(said.readline()) for _ in range(acknowledgements)]
        child.send_signal(signal.SIGKILL)
        promised += [int(line) for line in said if line.endswith("\n")]
    assert child.wait() == -signal.SIGKILL
    return promised[-1]


def test_everything_acknowledged_before_a_kill_is_there(tmp_path: Path) -> None:
    promised = run_and_kill("write", tmp_path, 5)
    _, reader = read_recording(tmp_path / "a.rec")
    records = list(reader)
    assert len(records) >= 2 * promised
    assert records == [item for n in range(1, len(records) // 2 + 1) for item in (Tick(n), notice(n))]

    trades = JournalReader(tmp_path / "journal.sqlite").trades(limit=10_000)
    assert len(trades) >= promised
    assert {trade.phase for trade in trades} == {TradePhase.CLOSED}, "one step of the engine is written whole"
    journal = Journal(tmp_path / "journal.sqlite")
    restored = journal.latest_restore(SESSION.started_ns, FeedKind.LIVE, 30)
    journal.close(30)
    assert restored is not None
    assert not restored.is_rebuilt
    assert restored.command.memory.next_trade == len(trades) + 1


def test_what_the_side_file_took_before_a_kill_is_written_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close(30)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    promised = run_and_kill("spill", tmp_path, 3)
    assert (tmp_path / "journal.spill").stat().st_size > 0
    other.execute("ROLLBACK")

    journal = Journal(path)
    assert journal.flush(30)
    assert journal.health().pending == 0
    journal.close(30)
    rows = other.execute("SELECT sentence FROM notices ORDER BY seq").fetchall()
    assert [row[0] for row in rows] == sentences([notice(n) for n in range(1, len(rows) + 1)])
    assert len(rows) >= promised
    assert (tmp_path / "journal.spill").stat().st_size == 0
    other.close()
