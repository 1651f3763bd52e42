"""`cockpit history` as typed: what it prints where, its exit codes, and what a terminal shows meanwhile."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.commands.progress import WorkLine
from tests.cli.conftest import Cockpit
from tests.history import public_files
from tests.history.public_files import put
from tests.patience import patient_s
from tests.tui.pty_process import PROJECT_ROOT, clean_environ

pytest.importorskip("pyarrow", reason="the research extra is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good day, a bad file, a good day."""
    directory = tmp_path / "files"
    put(directory, "aggTrades", public_files.agg_trades())
    put(directory, "aggTrades", ["oops,1,2,3,4,5,true"], "2024-08-09")
    put(directory, "metrics", public_files.metrics("2024-08-08"))
    return directory


def test_a_bad_file_is_a_line_on_stderr_and_the_others_go_on(cockpit: Cockpit, folder: Path, home: Path) -> None:
    added = cockpit("history", "add", folder)
    assert added.returncode == 1
    assert added.stdout.splitlines() == [
        "BTCUSDT-aggTrades-2024-08-08.zip: 1,440 rows, 1 day (2024-08-08)",
        "BTCUSDT-metrics-2024-08-08.zip: 288 rows, 1 day (2024-08-08)",
    ]
    assert len(added.stderr.splitlines()) == 1
    assert added.stderr.startswith(f"cockpit: {folder}/BTCUSDT-aggTrades-2024-08-09.zip: expected aggTrades rows, was")
    assert (home / "history" / "binance" / "BTC" / "agg_trades" / "2024-08-08.parquet").is_file()

    again = cockpit("history", "add", folder)
    assert again.stdout.count("is in the store already") == 2
    listed = cockpit("history", "list")
    assert listed.returncode == 0
    assert "binance BTC agg_trades: 2024-08-08 to 2024-08-08, 1 of 1 days whole, 1,440 rows" in listed.stdout


def test_json_of_all_three(cockpit: Cockpit, folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "elsewhere"
    added = cockpit("history", "add", folder, "--store", store, "--json")
    found = json.loads(added.stdout)
    assert (found["ok"], added.returncode, added.stderr) == (False, 1, "")
    assert [bool(one["bad"]) for one in found["files"]] == [False, True, False]
    listed = json.loads(cockpit("history", "list", "--store", store, "--json").stdout)
    assert {one["kind"]: one["rows"] for one in listed["series"]} == {"agg_trades": 1440, "positioning": 288}
    checked = cockpit("history", "check", "--store", store, "--json")
    answer = json.loads(checked.stdout)
    assert (checked.returncode, answer["ok"], answer["first"]) == (1, False, "2024-08-08")
    assert {one["kind"]: one["days"][0]["state"] for one in answer["series"]} == {
        "agg_trades": "whole", "positioning": "whole"
    }  # fmt: skip


def test_wrong_use_is_one_line(cockpit: Cockpit, tmp_path: Path) -> None:
    for arguments, said in (
        (("add", tmp_path / "none"), "expected a file or directory, was not there"),
        (("check",), "expected history to check, was none"),
        (("check", "--from", "yesterday"), "expected a day like 2024-08-08, was yesterday"),
    ):
        result = cockpit("history", *arguments)
        assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)
        assert said in result.stderr


def test_a_terminal_sees_rate_and_time_left_and_a_pipe_does_not(folder: Path, home: Path) -> None:
    watched, theirs = pty.openpty()
    for day in range(10, 20):
        day_ms = public_files.DAY_MS + (day - 8) * 86_400_000
        put(folder, "aggTrades", public_files.agg_trades(day_ms, count=86_400), f"2024-08-{day}")
    process = subprocess.Popen(
        [sys.executable, "-m", "cockpit", "--home", str(home), "history", "add", str(folder)],
        cwd=PROJECT_ROOT,
        env=clean_environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    out, _ = process.communicate(timeout=patient_s(100))
    seen = b""
    while True:
        try:
            chunk = os.read(watched, 65_536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    os.close(watched)
    assert b"/13 files, " in seen
    assert b"/s, " in seen
    assert b" s left" in seen
    assert b"\x1b" not in out


def test_the_time_left_is_that_of_the_bytes_not_read_yet() -> None:
    now = [0.0]
    line = WorkLine("rows", [100, 300], now_s=lambda: now[0])
    now[0] = 2.0
    assert line.text() == "0/2 files, 0 rows, 0/s"
    line.add(5_000, 50)
    assert line.text() == "0/2 files, 5,000 rows, 2,500/s, 14 s left"
    line.finish_one()
    assert line.text() == "1/2 files, 5,000 rows, 2,500/s, 6 s left"


def test_a_market_is_fitted_and_the_engine_is_told_of_it(cockpit: Cockpit, tmp_path: Path, home: Path) -> None:
    empty = cockpit("history", "fit")
    assert empty.returncode == 2 and "expected prints to run on, was none" in empty.stderr
    put(tmp_path / "files", "aggTrades", public_files.agg_trades(count=17_280))
    assert cockpit("history", "add", tmp_path / "files").returncode == 0
    fitted = cockpit("history", "fit", "--assets", "BTC")
    assert fitted.returncode == 0, fitted.stderr
    assert "BTC: 1 day," in fitted.stdout and "no quotes stored" in fitted.stdout
    assert "cockpit engine --set simulation.profile=simulated_profile.json" in fitted.stdout
    written = json.loads((home / "simulated_profile.json").read_text(encoding="utf-8"))
    assert written["assets"]["BTC"]["spread_bps"] is None and written["correlation"] == [[1.0]]
    assert json.loads(cockpit("history", "fit", "--json").stdout)["assets"] == written["assets"]
