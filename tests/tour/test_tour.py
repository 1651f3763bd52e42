"""A stranger's tour, with real processes on real terminals: validate, run, arm, see a trade, open its verdict, look on
from a second terminal, lose the first, flatten, report, stop; and trade by hand."""

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
RISING = tuple(word for at_s in range(40, 840, 40) for word in ("--shock", f"gap:BTC:{at_s}:40"))
"""Whenever a trade begins, the price is soon past its entry and both fees."""


class Newcomer:
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

    def ask(self, path: str = "/api/health") -> dict[str, Any]:
        """What the engine answers on the profile's socket; nothing where none runs."""
        socket = self.home / "engine.sock"
        if not engine_answers(socket):
            return {}
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket), verify=False)) as client:
            found: dict[str, Any] = client.get(f"http://cockpit{path}", timeout=WITHIN_S).json()
        return found

    @property
    def state(self) -> str:
        return str(self.ask().get("state", "none"))

    @property
    def engine(self) -> int | None:
        return self.ask("/api/process").get("pid")

    def wait_for(self, what: str, holds: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + WITHIN_S
        while not holds():
            assert time.monotonic() < deadline_s, f"expected {what} within {WITHIN_S:g} s, was not: {self.ask()}"
            time.sleep(0.1)

    @property
    def by_hand(self) -> list[dict[str, Any]]:
        """The trades that were entered by hand."""
        return [trade for trade in self.ask("/api/trades")["trades"] if trade["setup"] == "manual"]

    @property
    def price(self) -> float:
        """BTC's, as the engine has it."""
        assets = self.ask("/api/snapshot")["assets"]
        return float(next(one["price"] for one in assets if one["asset"] == "BTC"))

    def leave(self) -> None:
        """Whatever happened, nothing of it stays behind."""
        for terminal in self.terminals:
            terminal.end()
        if self.engine is not None:
            os.kill(self.engine, signal.SIGKILL)


@pytest.fixture
def newcomer() -> Iterator[Newcomer]:
    home = Path(tempfile.mkdtemp(prefix="tour-"))
    found = Newcomer(home)
    yield found
    found.leave()
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.timeout(300)
def test_a_stranger_finds_the_way(newcomer: Newcomer) -> None:
    """Not one word of it needs a key, a network, or an answer to a question."""
    validated = newcomer.shell("validate")
    assert validated.stdout.splitlines()[-1].startswith("READY for paper")

    first = newcomer.terminal("--speed", SPEED)
    first.wait_for("SIMULATED", WITHIN_S)
    newcomer.wait_for("an engine", lambda: newcomer.engine is not None)
    engine = newcomer.engine
    assert newcomer.state == "disarmed", "nothing trades before somebody says so"

    first.press("x")  # whatever greets a newcomer goes away at any key
    first.wait_until_shown("DISARMED", WITHIN_S)
    first.press("a")
    newcomer.wait_for("armed", lambda: newcomer.state == "armed")
    newcomer.wait_for("a trade", lambda: bool(newcomer.ask("/api/trades")["trades"]))
    first.wait_until_shown("bps, sent", WITHIN_S)

    first.press("6")
    first.press("enter")
    first.wait_until_shown("max notional", WITHIN_S)
    first.press("escape")

    second = newcomer.terminal("attach")
    second.wait_until_shown("SIMULATED", WITHIN_S)
    first.signal(signal.SIGKILL)
    assert first.wait(WITHIN_S) == -signal.SIGKILL
    assert newcomer.engine == engine, "the engine never lived in that terminal"

    second.press("f12")
    second.press("f12")
    newcomer.wait_for("halted", lambda: newcomer.state == "halted")
    status = json.loads(newcomer.shell("status", "--json").stdout)
    assert (status["state"], status["positions"]) == ("halted", [])

    reported = newcomer.shell("report")
    assert reported.returncode == 0, reported.stderr
    assert "Equity, net USD" in reported.stdout
    assert "limit violations       0 (must be 0)" in reported.stdout

    second.press("d")
    assert second.wait(WITHIN_S) == 0
    assert newcomer.engine == engine, "detaching ends the screen and nothing else"
    assert newcomer.shell("stop").returncode == 0
    assert newcomer.engine is None


def typed(screen: PtyProcess, *keys: str) -> None:
    for key in keys:
        screen.press(key)


def only_by_hand(home: Path) -> Path:
    """The shipped config without setups: nobody else trades, so that no limit is used up."""
    config = json.loads((PROJECT_ROOT / "config" / "tactical_scalp_config.json").read_text(encoding="utf-8"))
    for setup in config["setups"].values():
        setup["enabled"] = False
    path = home / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def filled_in(screen: PtyProcess) -> None:
    """60 USD of BTC, its stop and its target far away."""
    typed(screen, "E")
    screen.wait_until_shown("Ticket", WITHIN_S)
    typed(screen, *"60", "down", "down", *"400", "down", *"450")


def back_to_panes(screen: PtyProcess) -> None:
    """Whatever is open is left, one after another: the footer offers what works over the panes only."""
    deadline_s = time.monotonic() + WITHIN_S
    while True:
        screen.press("escape")
        try:
            return screen.wait_until_shown("r resume", 2.0)
        except AssertionError:
            if time.monotonic() > deadline_s:
                raise


@pytest.mark.timeout(300)
def test_a_stranger_trades_by_hand(newcomer: Newcomer) -> None:
    """A ticket, half off, the stop to the entry, a stop that trails, out: keys held down, each order sent once."""
    newcomer.environ["COCKPIT_CONFIG"] = str(only_by_hand(newcomer.home))
    newcomer.terminal("engine", "--speed", "5", "--seed", "2", "--port", "0", *RISING)
    newcomer.wait_for("an engine", lambda: newcomer.engine is not None)
    screen = newcomer.terminal()
    screen.wait_for("SIMULATED", WITHIN_S)
    typed(screen, "x")
    screen.wait_until_shown("DISARMED", WITHIN_S)
    filled_in(screen)
    screen.wait_until_shown("would not be sent", WITHIN_S)
    typed(screen, "enter")
    screen.wait_until_shown("expected the engine armed, was disarmed", WITHIN_S)
    assert newcomer.by_hand == [], "a key that opens risk works only while armed"
    back_to_panes(screen)
    typed(screen, "a")
    newcomer.wait_for("armed", lambda: newcomer.state == "armed")

    filled_in(screen)
    screen.wait_until_shown("WOULD BE SENT", WITHIN_S)
    typed(screen, *["enter"] * 12)
    newcomer.wait_for("a trade by hand", lambda: bool(newcomer.by_hand))
    newcomer.wait_for("its stop on the venue", lambda: newcomer.by_hand[0]["stop_rests_on_venue"])
    assert len(newcomer.by_hand) == 1, "a key that is held down sends one order"
    held, entry = newcomer.by_hand[0]["entry_qty"], newcomer.by_hand[0]["entry_price"]
    back_to_panes(screen)

    typed(screen, "4", *["H"] * 6)
    newcomer.wait_for("half of it", lambda: newcomer.by_hand[0]["open_qty"] < held)
    newcomer.wait_for("the rest covered", lambda: newcomer.by_hand[0]["stop_rests_on_venue"])
    assert newcomer.by_hand[0]["open_qty"] >= held / 2 - 1e-9, "half, once"
    newcomer.wait_for("a price well over the entry and its fees", lambda: newcomer.price > entry * 1.0025)
    typed(screen, "B")
    newcomer.wait_for("the stop at the entry", lambda: newcomer.by_hand[0]["stop_at_entry"])
    assert newcomer.by_hand[0]["stop_price"] > entry
    typed(screen, "T")
    screen.wait_until_shown("trail 1 20", WITHIN_S)
    typed(screen, "backspace", "backspace", *"60", "enter")
    newcomer.wait_for("a stop that trails", lambda: newcomer.by_hand[0]["trail"] is not None)
    newcomer.wait_for("it on the venue", lambda: newcomer.by_hand[0]["stop_rests_on_venue"])
    typed(screen, *["X"] * 6)
    newcomer.wait_for("out", lambda: newcomer.by_hand[0]["phase"] == "closed")
    assert newcomer.by_hand[0]["exit_qty"] == pytest.approx(held) and len(newcomer.by_hand) == 1
    typed(screen, "f12", "f12")
    newcomer.wait_for("halted", lambda: newcomer.state == "halted")
    assert "limit violations       0 (must be 0)" in newcomer.shell("report").stdout
