"""Signals that mean nothing end nothing; one that means the end ends it by policy; a hang-up never ends an engine."""

import resource
import signal
import subprocess
import time

import pytest
from running_engine import WITHIN_S, Shell

STRAY = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGHUP)


def test_stray_signals_leave_a_running_engine_alone_and_quit_ends_it_in_order(shell: Shell) -> None:
    shell.start_engine()
    for number in STRAY:
        shell.signal(number)
    assert shell.run("status").returncode == 0
    shell.signal(signal.SIGQUIT)
    assert shell.ended_with() == 0


@pytest.mark.parametrize("number", STRAY)
def test_a_hang_up_or_a_stray_signal_while_it_starts_does_not_end_it(shell: Shell, number: signal.Signals) -> None:
    shell.engine = subprocess.Popen(
        shell.command("engine", "--port", "0"),
        env=shell.environment({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline_s = time.monotonic() + WITHIN_S
    while not (shell.home / "logs").exists():  # its first half second
        assert time.monotonic() < deadline_s
        if _ignores(shell.engine.pid, number):
            shell.signal(number)
        time.sleep(0.01)
    shell.signal(number)
    assert shell.engine.stdout is not None
    assert shell.engine.stdout.readline().startswith("ready")


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT))
def test_on_a_disk_that_takes_nothing_any_more_it_ends_in_order(shell: Shell, number: signal.Signals) -> None:
    """Every write fails from some instant on, as where a disk turns read-only under a running engine."""
    shell.start_engine()
    assert shell.engine is not None and shell.engine.stdout is not None
    resource.prlimit(shell.engine.pid, resource.RLIMIT_FSIZE, (0, 0))
    assert shell.run("status").returncode == 0
    shell.signal(number)
    assert shell.ended_with() == 0
    said = shell.engine.stdout.read()
    assert "unexpected" not in said and "Traceback" not in said


def _ignores(pid: int, number: signal.Signals) -> bool:
    """Whether it got so far that it could."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        masks = dict(line.split(":", 1) for line in file if line.startswith("Sig"))
    return bool(int(masks["SigIgn"], 16) >> (number - 1) & 1)


def test_a_second_engine_is_refused_although_the_lock_was_deleted(shell: Shell) -> None:
    shell.start_engine()
    (shell.home / "engine.lock").unlink()
    second = shell.run("engine", "--port", "0")
    assert second.returncode == 1
    assert "expected no engine on this profile" in second.stderr


def test_an_api_that_others_reach_says_that_its_token_goes_in_clear(shell: Shell) -> None:
    shell.start_engine("--host", "0.0.0.0", HTTP_PROXY="http://127.0.0.1:9")
    assert shell.engine is not None and shell.engine.stdout is not None
    told = [shell.engine.stdout.readline() for _ in range(2)]
    assert any("without encryption: its token crosses the network in clear" in line for line in told)
    assert any("proxies of the environment are not used (HTTP_PROXY)" in line for line in told)
