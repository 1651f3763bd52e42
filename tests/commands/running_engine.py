"""The real command line, and a real engine process beside it, on one home."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.patience import patient_s

PROJECT_ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = patient_s(30.0)
SETUPS = ("btc_lower_band_long", "btc_upper_band_short", "sol_fee_fade", "squeeze_guard")
NO_SETUPS = tuple(word for name in SETUPS for word in ("--set", f"setups.{name}.enabled=false"))
"""Whatever is traded is a test's own: on a slow machine the market plays for long, and losses of theirs halt."""


class Shell:
    """Runs `cockpit` on one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.engine: subprocess.Popen[str] | None = None

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=PROJECT_ROOT,
            env=self.environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patient_s(60),
            check=False,
        )

    def start_engine(self, *arguments: str, **environment: str) -> str:
        """An engine process, once it is ready; returns its ready line. One before it is over."""
        self.clean_up()
        self.engine = subprocess.Popen(
            self.command("engine", "--port", "0", *arguments),
            cwd=PROJECT_ROOT,
            env=self.environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.engine.stdout is not None
        line = self.engine.stdout.readline()
        assert line.startswith("ready"), line
        return line

    def open_a_trade(self) -> None:
        """Let the API's test client send its signal until the gate lets one through."""
        give_up_s = time.monotonic() + WITHIN_S
        while True:
            found = self.run("check", "--test", "execute")
            if " open, profit" in found.stdout:
                return
            assert time.monotonic() < give_up_s, found.stdout

    def signal(self, number: signal.Signals) -> None:
        assert self.engine is not None
        self.engine.send_signal(number)
        if number is signal.SIGKILL:
            self.engine.wait(WITHIN_S)

    def ended_with(self) -> int:
        """The engine's exit code, once it has one."""
        assert self.engine is not None
        return self.engine.wait(WITHIN_S)

    def clean_up(self) -> None:
        if self.engine is not None:
            if self.engine.poll() is None:
                self.engine.send_signal(signal.SIGCONT)
                self.engine.kill()
            self.engine.wait(WITHIN_S)
            assert self.engine.stdout is not None
            self.engine.stdout.close()

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "cockpit", *arguments]

    def environment(self, more: dict[str, str]) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("COCKPIT_", "COINGLASS_"))}
        kept |= {"COCKPIT_HOME": str(self.home), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        return kept | more
