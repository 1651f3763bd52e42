"""What the keys do and the sheets show, from a shell, against a real engine."""

import json
import re
import signal
import subprocess

from running_engine import NO_SETUPS, Shell

from tests.patience import patient_s


def test_arm_disarm_halt_resume_and_looks(shell: Shell) -> None:
    shell.start_engine("--speed", "10")
    armed = json.loads(shell.run("arm", "--json").stdout)
    assert (armed["ok"], armed["command"], armed["mode"], armed["state"]) == (True, "arm", "paper", "armed")
    assert shell.run("disarm").stdout.startswith("disarmed")
    halted = shell.run("halt", "the spread \x1b]0;looks\x07 wrong")
    assert halted.returncode == 1, "the API takes no escape codes"
    halted = shell.run("halt", "the spread looks wrong", "--json")
    assert halted.returncode == 0
    assert json.loads(halted.stdout)["state"] == "halted"
    refused = shell.run("arm", "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["ok"] is False
    said = shell.run("arm")
    assert (said.returncode, said.stdout) == (1, "")
    assert "halted" in said.stderr
    assert shell.run("resume", "looked at it").returncode == 0

    assert "paper mode" in shell.run("mode", "paper").stdout
    locked = shell.run("mode", "live")
    assert locked.returncode == 1 and "mode stays paper" in locked.stderr
    assert shell.run("mode", "real").returncode == 2
    bands = shell.run("bands", "btc")
    assert bands.returncode == 0 and bands.stdout.startswith("BTC: below "), bands
    gone = shell.run("bands", "btc", "nothing-proposed", "--json")
    assert gone.returncode == 1 and json.loads(gone.stdout)["ok"] is False

    log = shell.run("log")
    assert log.returncode == 0
    assert "halt by cli: done" in log.stdout
    piped = shell.run("log", COLUMNS="40").stdout.splitlines()
    assert max(map(len, piped)) > 40 and all(re.match(r"\d\d:\d\d:\d\d ", line) for line in piped), (
        "an entry is a line, whatever is said to be the width, for whoever reads them from a pipe"
    )
    entries = [json.loads(line) for line in shell.run("log", "--json").stdout.splitlines()]
    assert {"command_answered", "state_changed"} <= {entry["kind"] for entry in entries}

    summary = shell.run("status").stdout.splitlines()[0]
    assert summary.startswith("PAPER DISARMED, simulated market: 0 open (+0.00 USD)")
    feeds = [line for line in shell.run("status").stdout.splitlines() if line.startswith("feeds ")]
    assert len(feeds) == 1


def test_trades_and_verdicts_with_and_without_the_engine(shell: Shell) -> None:
    shell.start_engine("--speed", "10", "--arm", *NO_SETUPS)
    checked = shell.run("check")
    assert checked.returncode == 0, checked.stdout
    assert "signal expired at 2020-01-01" in checked.stdout
    by_then = json.loads(shell.run("trades", "--json").stdout)["trades"]
    assert [trade for trade in by_then if trade["signal_id"] is not None] == [], "check opens nothing by itself"
    shell.open_a_trade()
    found = json.loads(shell.run("trades", "--json").stdout)
    assert len(found["trades"]) >= 1
    trade_id = found["trades"][-1]["trade_id"]
    assert trade_id in shell.run("trades").stdout
    verdicts = json.loads(shell.run("verdicts", "--limit", "5", "--json").stdout)["verdicts"]
    assert 1 <= len(verdicts) <= 5
    assert verdicts[0]["checks"]
    assert shell.run("stop", "--flatten").returncode == 0
    later = json.loads(shell.run("trades", "--json").stdout)
    assert later["source"] == "journal"
    assert trade_id in {trade["trade_id"] for trade in later["trades"]}
    assert " yes " in shell.run("verdicts").stdout or "yes " in shell.run("verdicts").stdout


def test_the_log_is_followed_until_the_engine_ends(shell: Shell) -> None:
    shell.start_engine("--speed", "10")
    follower = subprocess.Popen(
        shell.command("log", "--follow"),
        env=shell.environment({"PYTHONUNBUFFERED": "1"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert follower.stdout is not None
    try:
        assert shell.run("arm").returncode == 0
        while "arm by cli: done" not in follower.stdout.readline():
            assert follower.poll() is None
        shell.signal(signal.SIGTERM)
        assert shell.ended_with() == 0
        assert follower.wait(patient_s(30)) == 0
    finally:
        follower.kill()
        follower.wait()
        follower.stdout.close()


def test_the_status_is_watched_until_the_engine_ends(shell: Shell) -> None:
    shell.start_engine("--speed", "10")
    watcher = subprocess.Popen(
        shell.command("status", "--watch"),
        env=shell.environment({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watcher.stdout is not None
    try:
        for state in ("DISARMED", "ARMED"):
            while not watcher.stdout.readline().startswith(f"PAPER {state}, simulated market"):
                assert watcher.poll() is None
            if state == "DISARMED":
                assert shell.run("arm").returncode == 0
        shell.signal(signal.SIGTERM)
        assert shell.ended_with() == 0
        assert watcher.wait(patient_s(30)) == 1
        assert "no engine runs" in watcher.stdout.read()
    finally:
        watcher.kill()
        watcher.wait()
        watcher.stdout.close()


def test_without_an_engine_it_is_said(shell: Shell) -> None:
    for command in (["arm"], ["disarm"], ["halt", "why"], ["resume", "why"]):
        result = shell.run(*command)
        assert result.returncode == 1
        assert "no engine runs on this profile" in result.stderr
    assert shell.run("log").returncode == 1
    result = shell.run("trades")
    assert result.returncode == 1
    assert "expected a journal at" in result.stderr
    assert "error" in json.loads(shell.run("verdicts", "--json").stdout)
