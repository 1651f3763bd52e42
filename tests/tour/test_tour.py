"""A stranger's tour, with real processes on real terminals: validate, run, arm, see a trade, open its verdict, look on
from a second terminal, lose the first, flatten, report, stop."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cockpit.runtime.detached import engine_answers
from tests.patience import patient_s
from tests.tui.pty_process import PROJECT_ROOT, PtyProcess, clean_environ

WITHIN_S = patient_s(60.0)
SPEED = "20"
"""The simulated market's first trade comes within two of its minutes."""


class Stranger:
    """Somebody with a shell, a home directory, and two terminals."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ = {"COCKPIT_HOME": str(home), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        self.terminals: list[PtyProcess] = []

    def shell(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cockpit", *words],
            cwd=PROJECT_ROOT,
            env={**clean_environ(), **self.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

    def terminal(self, *words: str) -> PtyProcess:
        self.terminals.append(PtyProcess([sys.executable, "-m", "cockpit", *words], self.environ))
        return self.terminals[-1]

    def look(self, path: str = "/api/health") -> dict[str, Any]:
        """What the engine answers on the profile's socket; nothing where none runs."""
        socket = self.home / "engine.sock"
        if not engine_answers(socket):
            return {}
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket))) as client:
            found: dict[str, Any] = client.get(f"http://cockpit{path}", timeout=WITHIN_S).json()
        return found

    @property
    def state(self) -> str:
        return str(self.look().get("state", "none"))

    @property
    def engine(self) -> int | None:
        return self.look("/api/process").get("pid")

    def wait_for(self, what: str, holds: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + WITHIN_S
        while not holds():
            assert time.monotonic() < deadline_s, f"expected {what} within {WITHIN_S:g} s, was not: {self.look()}"
            time.sleep(0.1)

    def leave(self) -> None:
        """Whatever happened, nothing of it stays behind."""
        for terminal in self.terminals:
            terminal.end()
        if self.engine is not None:
            os.kill(self.engine, signal.SIGKILL)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    home = Path(tempfile.mkdtemp(prefix="tour-"))
    found = Stranger(home)
    yield found
    found.leave()
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.timeout(300)
def test_a_stranger_finds_the_way(stranger: Stranger) -> None:
    """Not one word of it needs a key, a network, or an answer to a question."""
    validated = stranger.shell("validate")
    assert validated.stdout.splitlines()[-1].startswith("READY for paper")

    first = stranger.terminal("--speed", SPEED)
    first.wait_for("SIMULATED", WITHIN_S)
    stranger.wait_for("an engine", lambda: stranger.engine is not None)
    engine = stranger.engine
    assert stranger.state == "disarmed", "nothing trades before somebody says so"

    first.press("x")  # whatever greets a newcomer goes away at any key
    first.wait_until_shown("DISARMED", WITHIN_S)
    first.press("a")
    stranger.wait_for("armed", lambda: stranger.state == "armed")
    stranger.wait_for("a trade", lambda: bool(stranger.look("/api/trades")["trades"]))
    first.wait_until_shown("bps, sent", WITHIN_S)

    first.press("6")
    first.press("enter")
    first.wait_until_shown("max notional", WITHIN_S)
    first.press("escape")

    second = stranger.terminal("attach")
    second.wait_until_shown("SIMULATED", WITHIN_S)
    first.signal(signal.SIGKILL)
    assert first.wait(WITHIN_S) == -signal.SIGKILL
    assert stranger.engine == engine, "the engine never lived in that terminal"

    second.press("f12")
    second.press("f12")
    stranger.wait_for("halted", lambda: stranger.state == "halted")
    status = json.loads(stranger.shell("status", "--json").stdout)
    assert (status["state"], status["positions"]) == ("halted", [])

    reported = stranger.shell("report")
    assert reported.returncode == 0, reported.stderr
    assert "Equity, net USD" in reported.stdout
    assert "limit violations       0 (must be 0)" in reported.stdout

    second.press("d")
    assert second.wait(WITHIN_S) == 0
    assert stranger.engine == engine, "detaching ends the screen and nothing else"
    assert stranger.shell("stop").returncode == 0
    assert stranger.engine is None
