"""The engine as a process: its ready line, its signals, its exit codes, and what it leaves behind."""

import asyncio
import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from cockpit.config.load import load_config
from cockpit.config.places import Places
from cockpit.domain.account import EngineMemory
from cockpit.domain.kinds import EngineState, TradePhase
from cockpit.domain.numbers import counted
from cockpit.domain.trades import TradeRecord
from cockpit.replay.replay import run_replay
from cockpit.runtime.lock import read_holder
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.startup import build_host
from tests.patience import patient_s
from tests.runtime.acknowledging_engine import SHIPPED_CONFIG

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = patient_s(30.0)


class Process:
    """One engine process on a profile."""

    def __init__(
        self, home: Path, *command: str, stdout: int = subprocess.PIPE, environment: dict[str, str] | None = None
    ):
        self.home = home
        self.out = home / "out.txt"
        home.mkdir(exist_ok=True)
        with self.out.open("ab") as out:
            self.child = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.DEVNULL,
                stdout=out if stdout == subprocess.PIPE else stdout,
                stderr=subprocess.STDOUT if stdout == subprocess.PIPE else subprocess.DEVNULL,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
            )

    @property
    def printed(self) -> str:
        return self.out.read_text()

    def until(self, holds: Callable[[], object], what: str) -> None:
        give_up_s = time.monotonic() + WITHIN_S
        while not holds():
            assert self.child.poll() is None, f"ended with {self.child.returncode} before {what}: {self.printed}"
            assert time.monotonic() < give_up_s, f"expected {what} within {WITHIN_S:g} s, was: {self.printed}"
            time.sleep(0.02)

    def end(self, number: int) -> int:
        self.child.send_signal(number)
        return self.child.wait(WITHIN_S)

    def rows(self, query: str) -> list[tuple[str, ...]]:
        connection = sqlite3.connect(self.home / "journal.sqlite", timeout=patient_s(10))
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def trades(self) -> list[TradeRecord]:
        return [msgspec.json.decode(body, type=TradeRecord) for (body,) in self.rows("select body from trades")]

    def memory(self) -> EngineMemory:
        ((body,),) = self.rows("select body from memory order by session_id desc, seq desc limit 1")
        return msgspec.json.decode(body, type=EngineMemory)


Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts processes, and ends those that a test left running."""
    started: list[Process] = []

    def starter(*command: str, stdout: int = subprocess.PIPE, environment: dict[str, str] | None = None) -> Process:
        started.append(Process(tmp_path / "home", *command, stdout=stdout, environment=environment))
        return started[-1]

    yield starter
    for process in started:
        if process.child.poll() is None:
            process.child.kill()
        process.child.wait()


def cli(home: Path, *arguments: str) -> tuple[str, ...]:
    return ("cockpit", "--home", str(home), "engine", "--port", "0", *arguments)


def refused(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A start that is expected to be refused."""
    command = [sys.executable, "-m", *cli(home, *arguments)]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S)


def trading(home: Path, speed: float = 100, *overrides: str) -> tuple[str, ...]:
    """An engine that somebody trades with; see there."""
    return ("tests.runtime.acknowledging_engine", str(home), str(speed), "1", *overrides)


def ready(process: Process) -> None:
    process.until(lambda: "ready at http://127.0.0.1:" in process.printed, "the ready line")


def holds_a_position(process: Process) -> None:
    path = process.home / "acknowledged.jsonl"

    def has_one() -> bool:
        lines = path.read_bytes().rpartition(b"\n")[0].splitlines() if path.exists() else []
        return bool(lines) and any(trade["stop_rests_on_venue"] for trade in json.loads(lines[-1])["trades"])

    process.until(has_one, "an open trade with its stop")


def test_the_ready_line_says_where_and_sigterm_ends_it_in_order(start: Start, tmp_path: Path) -> None:
    process = start(*cli(tmp_path / "home", "--speed", "20"))
    ready(process)
    line = next(line for line in process.printed.splitlines() if line.startswith("ready"))
    assert "paper mode, disarmed, simulated: seed 27" in line
    assert line.endswith(f"pid {process.child.pid}")
    holder = read_holder(process.home / "engine.lock")
    assert holder["pid"] == process.child.pid and holder["url"] in line
    assert process.end(signal.SIGTERM) == 0
    assert "ending (SIGTERM): open trades keep their stops" in process.printed
    assert "Traceback" not in process.printed
    assert read_holder(process.home / "engine.lock") == {}
    (recording,) = (process.home / "recordings").glob("*.rec")
    replayed = run_replay(recording, None, verify=True)
    assert replayed.verified and not replayed.torn and replayed.events > 100


def test_sigterm_leaves_open_trades_with_their_stops_for_the_next_start(start: Start, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = start(*trading(home))
    holds_a_position(first)
    assert first.end(signal.SIGTERM) == 0
    left = [trade for trade in first.trades() if trade.phase is TradePhase.OPEN]
    assert left and all(trade.stop_rests_on_venue for trade in left)
    working = {row[0] for row in first.rows("select order_id from orders where role = 'stop' and status = 'working'")}
    assert {trade.stop_order_id for trade in left} <= working
    assert first.memory().state is EngineState.DISARMED

    second = start(*cli(home))
    ready(second)
    second.until(lambda: f"restored {counted(len(left), 'open trade')}," in second.printed, "the restore")
    assert second.end(signal.SIGTERM) == 0


def test_sigterm_flattens_first_where_the_config_says_so(start: Start, tmp_path: Path) -> None:
    process = start(*trading(tmp_path / "home", 100, "kill_switch.flatten_on_terminate=true"))
    holds_a_position(process)
    assert process.end(signal.SIGTERM) == 0
    assert "ending (SIGTERM): flattening first" in process.printed
    assert "NOT FLAT" not in process.printed
    assert {trade.phase for trade in process.trades()} <= {TradePhase.CLOSED, TradePhase.ABANDONED}
    assert process.rows("select count(*) from orders where status in ('sent', 'working', 'partly_filled')") == [(0,)]
    assert process.memory().state is EngineState.HALTED


def test_sigint_ends_it_like_sigterm_and_sighup_does_nothing(start: Start, tmp_path: Path) -> None:
    process = start(*cli(tmp_path / "home"))
    ready(process)
    process.child.send_signal(signal.SIGHUP)
    log = process.home / "logs" / "engine.log"
    process.until(lambda: "SIGHUP: a terminal went away" in log.read_text(), "word of the SIGHUP")
    assert process.child.poll() is None
    assert process.end(signal.SIGINT) == 0
    assert "ending (SIGINT)" in process.printed


def test_a_second_engine_is_told_who_holds_the_profile(start: Start, tmp_path: Path) -> None:
    first = start(*cli(tmp_path / "home"))
    ready(first)
    url = read_holder(first.home / "engine.lock")["url"]
    second = refused(tmp_path / "home")
    assert second.returncode == 1
    assert f"expected no engine on this profile, was process {first.child.pid} at {url}" in second.stderr
    assert second.stderr.count("\n") == 1
    assert first.end(signal.SIGTERM) == 0


def test_after_kill_9_it_starts_cleanly(start: Start, tmp_path: Path) -> None:
    first = start(*cli(tmp_path / "home"))
    ready(first)
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second = start(*cli(tmp_path / "home"))
    second.until(lambda: second.printed.count("ready at http://") == 2, "the second ready line")
    assert second.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("--mode", "test"), 2, "expected --feed live for test mode, was sim"),
        (("--feed", "/nowhere.rec"), 2, "expected to read a recording at /nowhere.rec"),
        (("--speed", "-1"), 2, "--speed"),
    ],
)
def test_what_cannot_start_says_so_in_a_line(tmp_path: Path, arguments: tuple[str, ...], code: int, line: str) -> None:
    done = refused(tmp_path / "home", *arguments)
    assert done.returncode == code
    assert line in done.stderr and done.stderr.count("\n") == 1
    assert not done.stdout


def test_a_reader_that_stops_reading_stops_nothing(start: Start, tmp_path: Path) -> None:
    """Ctrl+S in the terminal, or a pager nobody scrolls: the engine trades on, and ends when told."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    process = start(*trading(tmp_path / "home", 300), stdout=writer)
    os.close(writer)
    try:
        path = process.home / "acknowledged.jsonl"
        holds_a_position(process)

        def verdicts() -> int:
            lines = path.read_bytes().rpartition(b"\n")[0].splitlines()
            return int(json.loads(lines[-1])["next_verdict"])

        # The pipe holds a page, each verdict's line is some 100 bytes: far more than fits is said while nobody reads.
        process.until(lambda: verdicts() > 150, "150 verdicts with nobody reading")
        assert process.end(signal.SIGTERM) == 0
    finally:
        os.close(reader)


def test_a_full_disk_ends_the_recording_and_not_the_trading(start: Start, tmp_path: Path) -> None:
    """No file may grow past 1.5 MB: the recording is the first to get there, at this speed within seconds."""

    process = start(*trading(tmp_path / "home", 300), environment={"COCKPIT_TEST_LARGEST_FILE": "1500000"})
    log = process.home / "logs" / "engine.log"
    process.until(lambda: log.exists() and "not recording since" in log.read_text(), "the end of the recording")
    holds_a_position(process)
    assert process.end(signal.SIGTERM) == 0
    assert "Traceback" not in process.printed
    (recording,) = (process.home / "recordings").glob("*.rec")
    assert run_replay(recording, None, verify=True).verified


def test_a_recording_that_cannot_be_begun_keeps_nobody_from_starting(start: Start, tmp_path: Path) -> None:
    places = Places(tmp_path / "home", SHIPPED_CONFIG)
    places.make_home()
    places.recordings.rmdir()
    places.recordings.write_text("in the way")
    host = build_host(places, load_config(SHIPPED_CONFIG), EngineOptions())
    try:
        assert "expected to create a new recording" in host.process().recording_error
        assert host.process().recording == ""
    finally:
        asyncio.run(host.stop())


def test_a_key_in_the_path_of_a_moved_endpoint_is_in_no_file(start: Start, tmp_path: Path) -> None:
    """Where the endpoint cannot be reached, and each failure is logged with its traceback."""
    secret = "kx7fq2w9secretpath"
    moved = {
        f"COCKPIT_{name}": f"{scheme}://127.0.0.1:1/v2/{secret}"
        for name, scheme in (
            ("BINANCEUSDM_REST_URL", "http"), ("BINANCEUSDM_WS_URL", "ws"), ("OKX_REST_URL", "http"),
            ("OKX_WS_URL", "ws"), ("JITO_URL", "http"), ("SOLANA_URL", "http"), ("RPC_URLS", "http"),
        )
    }  # fmt: skip
    overrides = ("--set", "aave.address=0x" + "1" * 40)
    process = start(*cli(tmp_path / "home", "--feed", "live", *overrides), environment=moved)
    ready(process)
    log = process.home / "logs" / "engine.log"
    process.until(lambda: log.exists() and log.read_text().count('"level": "warning"') >= 3, "failures in the log")
    assert process.end(signal.SIGTERM) == 0
    assert secret not in process.printed
    for path in process.home.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
