"""The commands against a real engine process."""

import json
import os
import pty
import signal
import subprocess
import time
from typing import Any

import pytest
from running_engine import PROJECT_ROOT, WITHIN_S, Shell

from cockpit.commands.flattening import flatten_now
from cockpit.config.places import find_places
from tests.patience import patient_s

# Each of these tests starts processes of its own, some more than one.
pytestmark = pytest.mark.timeout(180)


def status(shell: Shell) -> dict[str, Any]:
    found = shell.run("status", "--json")
    assert found.returncode == 0, found.stdout
    answer: dict[str, Any] = json.loads(found.stdout)
    return answer


def test_look_check_and_stop(shell: Shell) -> None:
    ready = shell.start_engine()
    seen = status(shell)
    give_up_s = time.monotonic() + WITHIN_S
    while seen["feeds"]["stream.BTC"]["state"] not in ("fresh", "late"):  # ready is said before the first prints
        assert time.monotonic() < give_up_s, seen["feeds"]
        seen = status(shell)
    assert (seen["running"], seen["mode"], seen["state"], seen["positions"]) == (True, "paper", "disarmed", [])
    assert seen["url"] in ready
    text = shell.run("status")
    assert text.returncode == 0
    for word in (
        "mode       paper",
        "state      disarmed",
        "session    +0.00 USD",
        "health     ",
        "feeds      ",
    ):
        assert word in text.stdout

    checked = shell.run("check")
    assert checked.returncode == 0, checked.stdout
    lines = checked.stdout.splitlines()
    assert lines[0] == f"checking {seen['url']}"
    assert lines[-1] == "8 of 8 as the contract says"
    assert all(line.startswith("ok    ") and " ms  " in line for line in lines[1:-1])
    assert "denied: " in checked.stdout, "a disarmed engine trades nothing"
    one = shell.run("check", "--test", "health", "--url", seen["url"])
    assert one.stdout.splitlines()[-1] == "1 of 1 as the contract says"
    live = shell.run("check", "--test", "execute", "--mode", "live")
    assert live.returncode == 0
    assert "ok    execute " in live.stdout

    stopped = shell.run("stop")
    assert stopped.returncode == 0
    assert stopped.stdout.splitlines()[-1] == f"process {seen['pid']} has ended, nothing is open"
    assert shell.ended_with() == 0
    assert shell.run("status").returncode == 1


def test_an_open_trade_is_seen_refused_to_be_left_and_flattened_step_by_step(shell: Shell) -> None:
    shell.start_engine("--arm")
    shell.open_a_trade()
    [position] = status(shell)["positions"]
    assert (position["asset"], position["side"], position["stop_rests_on_venue"]) == ("BTC", "long", True)
    assert f"position   {position['trade_id']} BTC long" in shell.run("status").stdout

    refused = shell.run("stop")
    assert refused.returncode == 1
    assert refused.stderr.rstrip().endswith("--flatten or --leave-stops")
    elsewhere = shell.run("flatten", "--yes", "--venue", "binance")
    assert elsewhere.returncode == 1
    assert f"expected nothing open outside binance, was {position['trade_id']} on okx" in elsewhere.stderr
    places = find_places(shell.home)
    said: list[str] = []
    assert flatten_now(places, said.append, lambda question: False, venue="") == 1
    assert said == ["not flattened: nothing was asked of the engine"]
    assert status(shell)["state"] == "armed"

    flat = shell.run("flatten", "--yes", "--venue", "okx")
    assert flat.returncode == 0, flat.stdout
    steps = [line.partition(" s  ")[2] for line in flat.stdout.splitlines() if " s  flatten: " in line]
    assert [step.split(":")[0].split()[-1] for step in steps[:3]] == ["flatten"] * 3
    assert [word in step for word, step in zip(("FREEZE", "CLOSE", "SWEEP"), steps, strict=False)] == [True] * 3
    assert steps[-1].endswith(" ms FLAT")
    assert flat.stdout.splitlines()[-1] == "FLAT: every venue said so"
    seen = status(shell)
    assert (seen["state"], seen["positions"]) == ("halted", [])
    again = shell.run("flatten", "--yes")
    assert again.returncode == 0, "an engine that is flat says so again"


def test_an_engine_that_was_killed_left_what_the_journal_says(shell: Shell) -> None:
    shell.start_engine("--arm")
    shell.open_a_trade()
    shell.signal(signal.SIGKILL)
    gone = shell.run("status")
    assert gone.returncode == 1
    assert "left open: t000001 (paper, simulated market): " in gone.stdout
    flat = shell.run("flatten", "--yes")
    assert flat.returncode == 1
    assert "open in the journal: t000001 " in flat.stdout
    assert flat.stdout.splitlines()[-1] == "not flattened: 1 open; start the engine, then run this again"
    shell.clean_up()
    shell.start_engine()
    assert shell.run("flatten", "--yes").returncode == 0
    stopped = shell.run("stop")
    assert stopped.stdout.splitlines()[-1].endswith("has ended, nothing is open")


def test_an_engine_that_hangs_is_not_taken_for_none(shell: Shell) -> None:
    shell.start_engine()
    shell.signal(signal.SIGSTOP)
    seen = shell.run("status")
    assert seen.returncode == 1
    assert "does not answer within 2 s" in seen.stdout
    flat = shell.run("flatten", "--yes")
    assert flat.returncode == 1
    assert "does not answer within 1 s" in flat.stdout
    assert "unknown" in flat.stdout.splitlines()[-1]
    shell.signal(signal.SIGCONT)
    assert status(shell)["running"]


def test_stop_leaves_stops_when_told_and_flattens_when_told(shell: Shell) -> None:
    shell.start_engine("--arm")
    shell.open_a_trade()
    left = shell.run("stop", "--leave-stops")
    assert left.returncode == 0
    assert "left open: t000001 " in left.stdout
    assert left.stdout.splitlines()[-1].endswith("1 open with their stops: the next start takes them up")
    shell.clean_up()
    shell.start_engine()
    assert [view["trade_id"] for view in status(shell)["positions"]] == ["t000001"]
    flat = shell.run("stop", "--flatten")
    assert flat.returncode == 0, flat.stdout
    assert flat.stdout.splitlines()[-1].endswith("has ended, nothing is open")
    assert shell.ended_with() == 0


def test_on_a_terminal_flatten_asks_first(shell: Shell) -> None:
    shell.start_engine()
    question = "Flatten in paper mode: no open trade of ours, every venue swept, then halted. Go on? [y/N]"
    for answer, code, state in (("n\n", 1, "disarmed"), ("y\n", 0, "halted")):
        found, said = on_a_terminal(shell, answer, "flatten")
        assert question in said
        assert found == code
        assert status(shell)["state"] == state


def on_a_terminal(shell: Shell, answer: str, *arguments: str) -> tuple[int, str]:
    """Run a command with a terminal to ask at; its exit code and what it said."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer.encode())
        found = subprocess.run(
            shell.command(*arguments),
            cwd=PROJECT_ROOT,
            env=shell.environment({}),
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=patient_s(60),
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return found.returncode, found.stdout
