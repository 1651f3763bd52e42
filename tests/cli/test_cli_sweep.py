"""`cockpit sweep` as typed: its sentence, its JSON, what it keeps, and wrong use in one line."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cockpit
from tests.history.public_files import agg_trades, put

pytest.importorskip("pyarrow", reason="the research extra is not installed")

STOP = "setups.btc_lower_band_long.stop_bps"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "stops.json"
    path.write_text(
        json.dumps({"vary": {STOP: [20, 28, 900]}, "set": ["aave.required=false"], "history": {"hold_context": True}})
    )
    return path


def test_a_sweep_is_kept_and_not_tried_again(cockpit: Cockpit, plan: Path, tmp_path: Path) -> None:
    put(tmp_path / "files", "aggTrades", agg_trades())
    assert cockpit("history", "add", tmp_path / "files").returncode == 0
    table = tmp_path / "trials.csv"
    done = cockpit("sweep", plan, "--workers", "1", "--csv", table)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[:2] == [
        "no setting of 3 made 5 trades: nothing can be said",
        "2024-08-08 to 2024-08-08, 3 settings, 1 of them refused",
    ]
    kept = json.loads((tmp_path / "stops.sweep" / "plan.json").read_text(encoding="utf-8"))
    assert kept["plan"]["vary"] == {STOP: [20, 28, 900]} and kept["build"]
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "stops.sweep" / "trials").iterdir()}
    again = json.loads(cockpit("sweep", plan, "--workers", "1", "--json").stdout)
    assert (len(again["trials"]), again["refused"], again["best"]) == (3, 1, None)
    assert {path: path.stat().st_mtime_ns for path in written} == written
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row[STOP], bool(row["refused"])) for row in rows] == [("20", False), ("28", False), ("900", True)]
    other = cockpit("sweep", plan, "--set", "paper.latency_ms=70")
    assert other.returncode == 2 and "expected the config of this sweep, was another config" in other.stderr


def test_wrong_use_is_one_line(cockpit: Cockpit, plan: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{", encoding="utf-8")
    for done, said in (
        (cockpit("sweep", plan), "expected prints to run on, was none"),
        (cockpit("sweep", bad), "expected JSON, was"),
        (cockpit("sweep", tmp_path / "none.json"), "expected a plan, was No such file"),
    ):
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1 and said in done.stderr
