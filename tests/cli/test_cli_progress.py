"""Long work shows how far it is where somebody watches, and nowhere else."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.patience import patient_s
from tests.tui.pty_process import PROJECT_ROOT, clean_environ

MESSAGES = 45_000
START_NS = 1_760_875_200_000_000_000


class Seen(NamedTuple):
    """What came out on stdout, and what somebody at the terminal saw on stderr."""

    out: str
    err: str


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of so many prints, a millisecond apart."""
    path = tmp_path_factory.mktemp("capture") / "btc.txt"
    with path.open("w") as file:
        for number in range(MESSAGES):
            at_ms = START_NS // 1_000_000 + number
            trade = {"e": "trade", "E": at_ms, "T": at_ms, "s": "BTCUSDT", "t": number, "p": "108402.1", "q": "0.01"}
            data = {**trade, "X": "MARKET", "m": False}
            file.write(f"{at_ms * 1_000_000} {json.dumps({'stream': 'btcusdt@trade', 'data': data})}\n")
    return path


def on_terminal(home: Path, *arguments: str | Path) -> Seen:
    """The command with its stderr on a terminal of its own."""
    watched, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cockpit", "--home", str(home), *map(str, arguments)],
        cwd=PROJECT_ROOT,
        env=clean_environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    out, _ = process.communicate(timeout=patient_s(100))
    err = b""
    while True:
        try:
            chunk = os.read(watched, 65_536)
        except OSError:
            break
        err += chunk
    os.close(watched)
    assert process.returncode == 0, err
    return Seen(out, err.decode())


def test_import_and_replay_show_how_far_they_are(capture: Path, tmp_path: Path) -> None:
    recording = tmp_path / "btc.rec"
    imported = on_terminal(tmp_path, "import", capture, "-o", recording)
    assert "\r20,000 messages\r40,000 messages" in imported.err
    assert imported.err.endswith("\r\x1b[K")
    assert f"wrote {MESSAGES} events" in imported.out
    replayed = on_terminal(tmp_path, "replay", recording)
    assert re.search(r"\r2\d,\d{3} events\r4\d,\d{3} events\r\x1b\[K", replayed.err)
    as_json = on_terminal(tmp_path, "replay", recording, "--json")
    assert as_json.err == ""
    assert json.loads(as_json.out)["events"] == MESSAGES


def test_a_pipe_sees_none_of_it(capture: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cockpit", "--home", str(tmp_path), "import", str(capture), "-o"]
    found = subprocess.run(
        [*command, str(tmp_path / "btc.rec")], cwd=PROJECT_ROOT, env=clean_environ(), capture_output=True, check=True
    )
    assert found.stderr == b""
