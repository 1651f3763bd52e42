"""The engine's log: JSON lines that a thread writes, so that nobody waits for a disk."""

import json
import logging
import threading
from pathlib import Path

import pytest

from cockpit.config.ownership import opened_here
from cockpit.runtime import logs
from cockpit.runtime.logs import log_to
from tests.patience import patient_s


def test_a_disk_that_takes_nothing_holds_up_nobody_who_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who opens the file waits for the disk, and that is the writing thread alone."""
    answers = threading.Event()

    def opened_late(path: str, flags: int) -> int:
        assert answers.wait(patient_s(30))
        return opened_here(path, flags)

    monkeypatch.setattr(logs, "opened_here", opened_late)
    path = tmp_path / "engine.log"
    log, came = logging.getLogger("cockpit.slow"), ["feed"]
    handler = log_to(path, "cockpit.slow")
    for number in range(3):
        log.warning("line %d of %s", number, came)
    came.append("changed since")
    assert not path.exists()
    answers.set()
    log.removeHandler(handler)
    handler.close()
    lines = path.read_text().splitlines()
    assert [json.loads(line)["message"] for line in lines] == [f"line {number} of ['feed']" for number in range(3)]
    handler.close()


def test_a_traceback_is_one_line(tmp_path: Path) -> None:
    log = logging.getLogger("cockpit.falls")
    handler = log_to(tmp_path / "logs" / "engine.log", "cockpit.falls")
    try:
        raise ValueError("expected 1, was 2")
    except ValueError:
        log.exception("worker %s fell", "feed")
    log.removeHandler(handler)
    handler.close()
    (line,) = (tmp_path / "logs" / "engine.log").read_text().splitlines()
    written = json.loads(line)
    assert (written["level"], written["message"]) == ("error", "worker feed fell")
    assert "ValueError: expected 1, was 2" in written["traceback"]
