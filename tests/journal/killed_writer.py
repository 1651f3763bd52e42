"""A child process for the kill -9 tests: writes a recording and a journal, and says what it has been promised."""

import sys
from itertools import count
from pathlib import Path

from journal_samples import SESSION, life, memory, notice

from cockpit.domain.events import Tick
from cockpit.domain.kinds import Mode
from cockpit.journal.recordings import RecordingHeader, RecordingWriter
from cockpit.journal.store import Journal


def write_until_killed(home: Path) -> None:
    header = RecordingHeader(
        created_ns=1, origin="engine", source="test", config_json="{}", mode=Mode.PAPER, start_ns=1, feed="live"
    )
    recording = RecordingWriter(home / "a.rec", header)
    journal = Journal(home / "journal.sqlite", spill_above_records=0)
    journal.begin(SESSION)
    for number in count(1):
        recording.write_input(Tick(number))
        recording.write_action(notice(number))
        journal.append([*life(number, 0.05), notice(number), memory(number, next_trade=number + 1)])
        if number % 7 == 0 and recording.flush() and journal.flush(30):
            print(number, flush=True)


def spill_until_killed(home: Path) -> None:
    """The same while somebody else holds the database: what was promised lies in the side file."""
    journal = Journal(home / "journal.sqlite", backoff_s=(0.001,), spill_above_records=0)
    journal.begin(SESSION)
    for number in count(1):
        journal.append([notice(number)])
        journal.flush(0.02)
        if journal.health().at_risk == 0:
            print(number, flush=True)


if __name__ == "__main__":
    {"write": write_until_killed, "spill": spill_until_killed}[sys.argv[1]](Path(sys.argv[2]))
