"""What the commands say where no engine runs, and to wrong usage."""

import json
from pathlib import Path

import pytest
from running_engine import Shell


def only_line(text: str) -> str:
    lines = text.splitlines()
    assert len(lines) == 1, text
    return lines[0]


def test_status_says_that_none_runs(shell: Shell) -> None:
    found = shell.run("status")
    assert found.returncode == 1
    assert found.stdout == f"no engine runs on this profile ({shell.home})\n"
    as_json = shell.run("status", "--json")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout) == {
        "running": False,
        "process_runs": False,
        "reason": f"no engine runs on this profile ({shell.home})",
        "left_open": [],
    }


def test_stop_has_nothing_to_stop(shell: Shell) -> None:
    found = shell.run("stop")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == f"cockpit: no engine runs on this profile ({shell.home})\n"


def test_flatten_says_that_nothing_is_open_and_why_it_knows(shell: Shell) -> None:
    found = shell.run("flatten", "--yes")
    assert found.returncode == 0
    first, keys, last = found.stdout.splitlines()
    assert first == f"no engine runs on this profile ({shell.home})"
    assert keys.startswith("no venue's keys are set: binance is left out: expected COCKPIT_BINANCE_API_KEY, ")
    assert last == "nothing is open in the journal"


def test_flatten_does_not_call_flat_what_the_journal_has_not_taken_in(shell: Shell) -> None:
    (shell.home / "journal.spill").write_bytes(b"x")
    found = shell.run("flatten", "--yes")
    assert found.returncode == 1
    assert "the journal is not complete" in found.stdout


def test_a_journal_that_cannot_be_read_is_not_taken_for_flat(shell: Shell) -> None:
    (shell.home / "journal.sqlite").write_bytes(b"no database at all" * 100)
    found = shell.run("flatten", "--yes")
    assert found.returncode == 2
    assert only_line(found.stderr).startswith("cockpit: expected a readable journal at ")


def test_check_fails_every_call_and_says_why(shell: Shell) -> None:
    found = shell.run("check", "--url", "http://127.0.0.1:9")
    lines = found.stdout.splitlines()
    assert found.returncode == 1
    assert lines[0] == "checking http://127.0.0.1:9"
    assert lines[-1] == "0 of 8 as the contract says"
    assert all(line.startswith("FAIL  ") for line in lines[1:-1])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["check", "--url", "localhost"], "expected an http or https URL like http://127.0.0.1:8000, was 'localhost'"),
        (["check", "--test", "nothing"], "'nothing' is not one of 'all', 'health', 'performance', 'execute', "),
        (["check", "--url", "http://x", "--token", "a b"], "expected a token of printable ASCII without spaces"),
        (["stop", "--flatten", "--leave-stops"], "expected one of the two, was both: see cockpit stop --help"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(arguments: list[str], line: str, shell: Shell) -> None:
    found = shell.run(*arguments)
    assert found.returncode == 2
    assert line in only_line(found.stderr)


def test_the_way_up_can_be_overridden_where_the_screen_starts_the_engine(shell: Shell) -> None:
    found = shell.run("--mode", "test", "--override-way-up", "a week on demo", "status")
    assert found.returncode == 2
    options = "--mode test --override-way-up a week on demo"
    assert f"expected {options} with cockpit alone or cockpit engine, was before status" in only_line(found.stderr)


def test_flatten_does_not_call_a_venue_flat_that_there_is_not(shell: Shell) -> None:
    found = shell.run("flatten", "--yes", "--venue", "binanse")
    assert (found.returncode, found.stdout) == (2, "")
    assert "expected one of binance, okx, " in only_line(found.stderr) and "was 'binanse'" in found.stderr


@pytest.mark.parametrize("side", ["close", "flatten", "up"])
def test_the_side_of_a_trade_is_no_other_command(shell: Shell, side: str) -> None:
    found = shell.run("trade", "btc", side)
    assert (found.returncode, found.stdout) == (2, "")
    assert f"expected long or short, was '{side}'" in only_line(found.stderr)


def test_a_trade_has_one_size(shell: Shell) -> None:
    found = shell.run("trade", "btc", "long", "30", "--risk", "0.3")
    assert (found.returncode, found.stdout) == (2, "")
    assert "expected SIZE or --risk, was 30 and 0.3" in only_line(found.stderr)


def test_a_log_of_no_engine_is_an_error(shell: Shell) -> None:
    found = shell.run("log")
    assert (found.returncode, found.stdout) == (1, "")
    assert only_line(found.stderr).startswith("cockpit: no engine runs on this profile")


@pytest.mark.parametrize("command", ["trades", "log", "drill --yes", "check", "halt why", "stop"])
def test_a_home_that_cannot_be_looked_into_is_one_line(tmp_path: Path, command: str) -> None:
    shell = Shell(tmp_path / "loop")
    shell.home.symlink_to(shell.home)
    found = shell.run(*command.split())
    assert found.returncode == 1
    assert f"whether an engine runs on this profile ({shell.home}) cannot be known" in found.stderr
    assert "unexpected" not in found.stderr and len(found.stderr.splitlines()) == 1
