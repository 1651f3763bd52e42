"""`cockpit import` makes a recording, says what it took and left, and never destroys a file unasked."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit.domain.events import Top, Trade
from cockpit.domain.kinds import Mode
from cockpit.journal.recordings import read_recording
from cockpit.replay.importing import default_target

Cockpit = Callable[..., subprocess.CompletedProcess[str]]

TRADE = {"stream": "btcusdt@trade", "data": {
    "e": "trade", "s": "BTCUSDT", "t": 7, "p": "61000.1", "q": "0.5", "T": 1723161255000, "m": True, "X": "MARKET",
}}  # fmt: skip
TOP = {"stream": "btcusdt@bookTicker", "data": {
    "e": "bookTicker", "s": "BTCUSDT", "b": "61000.0", "B": "3", "a": "61000.1", "A": "2", "T": 1723161255001,
}}  # fmt: skip
DEPTH = {"stream": "btcusdt@depth@0ms", "data": {"e": "depthUpdate", "s": "BTCUSDT"}}


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "capture.txt"
    lines = [f"{1723161255000000000 + n} {json.dumps(frame)}" for n, frame in enumerate([TRADE, TOP, DEPTH])]
    path.write_text("\n".join([*lines, "no stamp here"]) + "\n")
    return path


def test_what_was_taken_and_left_is_said_and_the_recording_holds_it(
    capture: Path, cockpit: Cockpit, tmp_path: Path
) -> None:
    target = tmp_path / "out.rec"
    result = cockpit("import", capture, "-o", target)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == "4 lines: took 1 trade and 1 top"
    assert sum("left 1: " in line for line in result.stdout.splitlines()) == 2
    assert result.stdout.splitlines()[-1] == f"wrote 2 events to {target}"
    header, records = read_recording(target)
    assert (header.origin, header.source, header.mode) == ("import", "capture.txt", Mode.PAPER)
    assert header.start_ns == 1723161255000000000
    assert [type(record) for record in records] == [Trade, Top]


def test_the_default_target_is_beside_the_capture(capture: Path, cockpit: Cockpit) -> None:
    assert cockpit("import", capture).returncode == 0
    assert capture.with_name("capture.rec").is_file()


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("btc.gz", "btc.rec"),
        ("btc.jsonl.gz", "btc.rec"),
        ("usdm.2024.08.gz", "usdm.2024.08.rec"),
        ("btc", "btc.rec"),
        ("old.rec", "old.rec.rec"),
    ],
)
def test_default_names(name: str, target: str) -> None:
    assert default_target(Path("/data") / name) == Path("/data") / target


def test_an_existing_recording_is_replaced_only_with_force(capture: Path, cockpit: Cockpit, tmp_path: Path) -> None:
    target = tmp_path / "out.rec"
    target.write_text("mine")
    refused = cockpit("import", capture, "-o", target)
    assert refused.returncode == 2
    assert refused.stderr == (
        f"cockpit: {target}: expected a new file, was there already: --force replaces it, -o names another\n"
    )
    assert target.read_text() == "mine"
    assert cockpit("import", capture, "-o", target, "--force").returncode == 0
    assert read_recording(target)[0].origin == "import"


def test_the_capture_is_never_its_own_target(capture: Path, cockpit: Cockpit) -> None:
    before = capture.read_bytes()
    result = cockpit("import", capture, "-o", capture, "--force")
    assert result.returncode == 2
    assert "expected the name of a new recording" in result.stderr
    assert capture.read_bytes() == before


def test_nothing_is_left_behind_when_there_is_nothing_to_import(cockpit: Cockpit, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("nothing\n")
    result = cockpit("import", empty)
    assert result.returncode == 2
    assert result.stderr.startswith(f"cockpit: {empty}: expected trades or tops of Binance, found none in 1 lines")
    assert os.listdir(tmp_path) == ["empty.txt"]


def test_a_target_that_cannot_be_written_is_named(capture: Path, cockpit: Cockpit, tmp_path: Path) -> None:
    target = tmp_path / "no" / "such" / "dir.rec"
    result = cockpit("import", capture, "-o", target)
    assert result.returncode == 2
    assert result.stderr == (
        f"cockpit: expected to create a new recording at {target}, was: No such file or directory: "
        "name another place with -o\n"
    )


def test_a_real_capture(real_data_dir: Path, cockpit: Cockpit, tmp_path: Path) -> None:
    result = cockpit("import", real_data_dir / "spot_btcusdt_20240808.gz", "--as-perp", "-o", tmp_path / "spot.rec")
    assert result.returncode == 0
    assert result.stdout.splitlines()[0].endswith("took 9,757 trades and 28,040 tops")
    assert "left 3451: depthUpdate" in result.stdout
