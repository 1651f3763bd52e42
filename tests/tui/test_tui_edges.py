"""Terminals that cannot be drawn on, engines that die, engines that are others: each is said in one line."""

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pty_process import PtyProcess

STARTS = 60.0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A profile whose engine, if one was started, is ended afterwards."""
    yield tmp_path
    pid = engine_pid(tmp_path)
    if pid is not None:
        os.kill(pid, signal.SIGKILL)


def engine_pid(home: Path) -> int | None:
    try:
        return int(json.loads((home / "engine.lock").read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError, KeyError):
        return None


def cockpit(home: Path, *words: str, **environ: str) -> PtyProcess:
    return PtyProcess([sys.executable, "-m", "cockpit", "--home", str(home), *words], environ)


def until(met: object, within_s: float = STARTS) -> None:
    deadline_s = time.monotonic() + within_s
    while not met():  # type: ignore[operator]
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


@pytest.mark.parametrize("kind", ["dumb", "unknown", ""])
@pytest.mark.parametrize("words", [(), ("attach",)], ids=["bare", "attach"])
def test_a_terminal_that_cannot_be_drawn_on_is_refused_in_one_line(
    home: Path, kind: str, words: tuple[str, ...]
) -> None:
    screen = cockpit(home, *words, TERM=kind)
    until(lambda: screen.written.count(b"\n"))
    is_drawn = b"\x1b" in screen.written
    if is_drawn:
        screen.end()
    assert not is_drawn and screen.wait(STARTS) == 2
    assert screen.written.count(b"\n") == 1 and b"expected a terminal that can be drawn on, was TERM=" in screen.written
    assert not (home / "engine.sock").exists()


def test_a_terminal_without_a_size_is_refused_and_one_told_its_size_late_is_not(home: Path) -> None:
    screen = PtyProcess([sys.executable, "-m", "cockpit", "--home", str(home)], columns=0, rows=0)
    assert screen.wait(STARTS) == 2
    assert b"was 0 columns and 0 rows" in screen.written and screen.written.count(b"\n") == 1


def test_a_screen_whose_engine_died_says_so_and_a_key_starts_it_again(home: Path) -> None:
    screen = cockpit(home, "--speed", "2")
    screen.wait_for("SIMULATED", STARTS)
    screen.press("enter")
    first = engine_pid(home)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    screen.wait_until_shown("starts it again", STARTS)
    screen.press("g")
    until(lambda: engine_pid(home) not in (None, first))
    screen.wait_until_shown("started an engine", STARTS)
    command = Path(f"/proc/{engine_pid(home)}/cmdline").read_bytes().decode().split("\0")
    assert command[command.index("--mode") + 1] == "paper"
    assert command[command.index("--feed") + 1] == "sim" and command[command.index("--speed") + 1] == "2"

    second = engine_pid(home)
    assert second is not None
    os.kill(second, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{second}/exe").exists())
    screen.wait_until_shown("ENGINE LOST", STARTS)
    screen.press("q")
    assert screen.wait() == 1
    last = screen.written.rpartition(b"\x1b[?1004l")[2].decode()
    assert "left: the engine has not answered for" in last and "It has ENDED: cockpit starts it again" in last
    assert "detached" not in last


def test_an_engine_that_is_another_than_asked_for_is_refused_with_both(home: Path) -> None:
    first = cockpit(home)
    first.wait_for("SIMULATED", STARTS)
    pid = engine_pid(home)
    second = cockpit(home, "--mode", "test", "--feed", "live")
    attached = b"attached to the engine"
    until(lambda: b"cockpit: expected" in second.written or attached in second.written)
    if attached in second.written:
        second.end()
    assert attached not in second.written and second.wait(STARTS) == 1
    said = " ".join(second.written.rpartition(b"cockpit: ")[2].decode().split())
    assert said.startswith("expected an engine with --mode test --feed live, was one with --mode paper --feed sim")
    assert engine_pid(home) == pid
    third = cockpit(home, "--mode", "paper", "--feed", "sim", "--speed", "1")
    third.wait_for("attached to the engine that was running", STARTS)
    for screen in (first, third):
        screen.end()


def test_the_plain_cockpits_port_is_where_its_engine_listens(home: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    screen = cockpit(home, "--port", str(port))
    screen.wait_for("SIMULATED", STARTS)
    token = {"Authorization": f"Bearer {(home / 'token').read_text(encoding='utf-8').strip()}"}
    answer = httpx.get(f"http://127.0.0.1:{port}/api/process", headers=token, trust_env=False, timeout=STARTS)
    assert answer.json()["pid"] == engine_pid(home), "it is this profile's engine that listens there"
    screen.end()


def test_a_paste_full_of_colour_codes_is_text_at_once(home: Path) -> None:
    screen = cockpit(home)
    screen.wait_for("SIMULATED", STARTS)
    screen.press("enter")
    screen.wait_until_shown("4 Open trades", STARTS)
    screen.press("/")
    screen.wait_until_shown("Filter the gate log", STARTS)
    used_s, before = screen.cpu_s(), screen.count
    screen.press("\x1b[200~" + "\x1b[38;5;196mcode\x1b[0m " * 400 + "\x1b[201~")
    screen.wait_until_shown("code code", STARTS)
    assert b"38;5;196" not in screen.written[before:].replace(b"\x1b[38;5;196", b"") and screen.cpu_s() - used_s < 5.0
    screen.press("f12")
    screen.wait_until_shown("FLATTEN?", STARTS)
    screen.end()


@pytest.mark.parametrize("report", ["\x1b[1092::97;u", "\x1b[24;1:1~", "\x1b[99999999999;5u"])
def test_after_an_odd_report_the_flatten_key_works_in_two_pieces(home: Path, report: str) -> None:
    screen = cockpit(home)
    screen.wait_for("SIMULATED", STARTS)
    screen.press("enter")
    screen.wait_until_shown("4 Open trades", STARTS)
    screen.press(report)
    screen.wait_until_shown("BTC", STARTS)
    for _ in range(2):
        screen.press("\x1b")
        time.sleep(0.3)  # a slow line
        screen.press("[24~")
    screen.wait_until_shown("FLAT", STARTS)
    screen.wait_until_shown("HALTED", STARTS)
    screen.end()
