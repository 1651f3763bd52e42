"""`cockpit report` and `cockpit validate` against a profile of their own."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from cockpit.domain.account import Account, EngineMemory
from cockpit.domain.actions import MemoryChanged
from cockpit.domain.kinds import EngineState, Mode
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal

Cockpit = Callable[..., subprocess.CompletedProcess[str]]


def write_journal(home: Path) -> None:
    home.mkdir()
    journal = Journal(home / "journal.sqlite")
    journal.begin(SessionInfo(1, 1, FeedKind.SIMULATED, Mode.PAPER, "", "0"))
    account = Account(utc_day=0, session_started_ns=1)
    journal.append([MemoryChanged(2, EngineMemory(Mode.PAPER, EngineState.DISARMED, account, 1, 1))])
    assert journal.close()


def test_a_report_without_a_journal_says_so(home: Path, cockpit: Cockpit) -> None:
    result = cockpit("report")
    assert result.returncode == 2
    assert result.stderr == (
        f"cockpit: expected a journal at {home}/journal.sqlite, was none: it is made when an engine first runs\n"
    )
    assert not home.exists()


def test_a_report_for_people_and_for_scripts(home: Path, cockpit: Cockpit) -> None:
    write_journal(home)
    text = cockpit("report", "--since", "2025-10-19")
    assert (text.returncode, text.stderr) == (0, "")
    assert text.stdout.startswith("Report: since 2025-10-19T00:00:00.000Z\n")
    found = json.loads(cockpit("report", "--json").stdout)
    assert (found["trades"], found["limit_violations"], found["ledger_touches"]) == (0, 0, 0)


def test_validate_answers_yes_in_paper_and_no_in_test(home: Path, cockpit: Cockpit) -> None:
    paper = cockpit("validate")
    assert (paper.returncode, paper.stderr) == (0, "")
    assert paper.stdout.splitlines()[-1].startswith("READY for paper: ")
    test = cockpit("validate", "--mode", "test", "--json")
    assert (test.returncode, test.stderr) == (1, "")
    assert json.loads(test.stdout)["ok"] is False
    assert not home.exists()


def test_validate_never_shows_a_key(cockpit: Cockpit) -> None:
    keys = {f"COCKPIT_OKX_{name}": "canary-71c0" for name in ("API_KEY", "SECRET", "PASSWORD")}
    result = cockpit("validate", "--mode", "live", **keys)
    assert "keys.okx: set; never shown" in result.stdout
    assert "canary" not in result.stdout + result.stderr


def test_a_report_as_a_page_and_as_rows(home: Path, cockpit: Cockpit, tmp_path: Path) -> None:
    write_journal(home)
    page, rows = tmp_path / "day.html", tmp_path / "day.csv"
    result = cockpit("report", "--html", page, "--csv", rows)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"wrote the report to {page}\nwrote 0 trades to {rows}\n"
    assert page.read_text().startswith("<!doctype html>")
    assert rows.read_text().startswith("trade_id,setup,asset,side,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["day.csv", "day.html", "home"]


def test_a_report_that_cannot_be_written_says_where(home: Path, cockpit: Cockpit, tmp_path: Path) -> None:
    write_journal(home)
    nowhere = tmp_path / "none" / "day.html"
    missing = cockpit("report", "--html", nowhere)
    assert missing.returncode == 2
    reason = f"cockpit: expected to write {nowhere}, was: No such file or directory: name another place\n"
    assert missing.stderr == reason
    onto_a_directory = cockpit("report", "--csv", tmp_path)
    assert onto_a_directory.returncode == 2
    assert onto_a_directory.stderr == f"cockpit: expected to write {tmp_path}, was: a directory: name another place\n"
