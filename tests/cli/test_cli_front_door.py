"""The front door: help, exit codes, one line on stderr, and never a traceback."""

import importlib
import importlib.metadata
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from cockpit import __version__, cli
from cockpit.__main__ import NEVER_USED
from cockpit.__main__ import main as front_door

Cockpit = Callable[..., subprocess.CompletedProcess[str]]
SHIPPED = Path(__file__).resolve().parents[2] / "config" / "tactical_scalp_config.json"
COMMANDS = ["attach", "status", "flatten", "halt", "resume", "arm", "close", "stop-at", "trail"]
COMMANDS += ["targets", "hold", "cancel", "reverse", "trade", "adopt", "alarm", "do", "disarm"]
COMMANDS += ["mode", "bands", "stop", "trades", "verdicts", "log", "report", "validate", "engine"]
COMMANDS += ["check", "source", "mcp", "drill", "import", "replay", "history", "new", "backtest"]
COMMANDS += ["sweep", "completion", "version", "help"]
HELP_LIMIT_S = 0.150


def only_line(result: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr."""
    assert "Traceback" not in result.stderr + result.stdout
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0].removeprefix("cockpit: ")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, typed: Cockpit) -> None:
    result = typed(command, "--help")
    assert result.returncode == 0
    assert f"Example: cockpit {command}" in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines())


def test_help_lists_every_command_with_a_whole_sentence(cockpit: Cockpit) -> None:
    result = cockpit("--help")
    assert result.returncode == 0
    listed = result.stdout.partition("Commands:")[2].splitlines()
    assert [line.split()[0] for line in listed if line.strip()] == COMMANDS
    assert "..." not in result.stdout.partition("Commands:")[2]


def test_help_is_quick(cockpit: Cockpit) -> None:
    def once(run: Callable[[], object]) -> float:
        began = time.perf_counter()
        run()
        return time.perf_counter() - began

    bare = min(once(lambda: subprocess.run([sys.executable, "-c", "import typer"], check=True)) for _ in range(5))
    helped = min(once(lambda: cockpit("--help")) for _ in range(5))
    assert helped < max(HELP_LIMIT_S, 2.5 * bare), f"{helped:.3f} s, import typer alone {bare:.3f} s"


def test_help_imports_nothing_heavy() -> None:
    heavy = ["pydantic", "sqlalchemy", "msgspec", "zstandard", "numpy", "rich", "textual", "ccxt", "asyncio"]
    heavy += ["hashlib"]
    code = (
        "import sys\nfrom cockpit.cli import run\nassert run(['--help']) == 0\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "[]"


def test_no_process_of_ours_loads_what_libraries_do_well_without() -> None:
    left_out = [*NEVER_USED, "pygments"]
    code = (
        "import sys\nfrom cockpit.__main__ import main\nsys.argv = ['cockpit', 'version']\n"
        "try:\n    main()\nexcept SystemExit:\n    import cockpit.api.app, cockpit.client.http\n"
        f"print([name for name in {left_out} if sys.modules.get(name)], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr.strip()) == (f"cockpit {__version__}\n", "[]")


def test_an_engine_starts_without_clients_of_what_it_does_not_use() -> None:
    unused = ["httpx", "ccxt", "web3", "mcp", "pyarrow", "numpy", "optuna", "keyring"]
    code = (
        "import sys, cockpit.api.server, cockpit.mcp.mount, cockpit.runtime.headless\n"
        f"print([name for name in {unused} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_who_calls_an_engine_loads_no_general_http_client() -> None:
    """It and its certificates took 130 ms of every command, and six megabytes of a screen."""
    code = "import sys, cockpit.client.cockpit, cockpit.client.live\nprint('httpx' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


@pytest.mark.parametrize("arguments", [["-h"], ["help"], ["replay", "-h"], ["help", "replay"]])
def test_help_is_asked_for_in_every_way(arguments: list[str], cockpit: Cockpit) -> None:
    result = cockpit(*arguments)
    assert result.returncode == 0
    command = "cockpit replay" if "replay" in arguments else "cockpit"
    assert result.stdout.startswith(f"Usage: {command} [OPTIONS]")
    assert "Example: cockpit" in result.stdout


def test_what_is_needed_in_a_hurry_is_listed_first(cockpit: Cockpit) -> None:
    listed = [line.split()[0] for line in cockpit("-h").stdout.split("Commands:")[1].splitlines() if line.strip()]
    assert listed.index("flatten") <= 2
    assert listed.index("halt") <= 4


@pytest.mark.parametrize("arguments", [["-V"], ["version"]])
def test_the_version_is_asked_for_in_every_way(arguments: list[str], cockpit: Cockpit) -> None:
    assert cockpit(*arguments).stdout == f"cockpit {__version__}\n"


def test_no_escape_code_of_a_config_reaches_the_terminal(cockpit: Cockpit, tmp_path: Path) -> None:
    config = tmp_path / "odd.json"
    config.write_text('{"limits": {"\\u001b]0;owned\\u0007\\u001b[2J": 1}}')
    result = cockpit("--config", str(config), "validate")
    assert result.returncode == 2
    assert "owned" in result.stderr
    assert "\x1b" not in result.stderr + result.stdout
    assert "\x07" not in result.stderr


def test_version(cockpit: Cockpit) -> None:
    assert cockpit("--version").stdout == f"cockpit {__version__}\n"


def test_the_console_script_is_the_front_door() -> None:
    try:
        scripts = importlib.metadata.distribution("cockpit-perps").entry_points
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("cockpit-perps is not installed here: pip install -e .")
    assert [script.load() for script in scripts if script.name == "cockpit"] == [front_door]


SPEED = "Invalid value for '--speed': expected a number from 0 to 10000 (1 = real time, 0 = as fast as it goes)"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["valdate"], "No such command 'valdate'. Did you mean 'validate'?: see cockpit --help"),
        (["validate", "--jsn"], "No such option: --jsn"),
        (["validate", "--mode", "real"], "Invalid value for '--mode': 'real' is not one of 'paper', 'test', 'live'"),
        (["replay"], "Missing argument 'FILE.rec': see cockpit replay --help"),
        (["engine", "--speed", "-1"], f"{SPEED}, was '-1': see cockpit engine --help"),
        (["engine", "--speed", "inf"], f"{SPEED}, was 'inf'"),
        (["engine", "--speed", "1e308"], f"{SPEED}, was '1e308'"),
        (["engine", "--speed", "fast"], f"{SPEED}, was 'fast'"),
        (["--speed", "fast"], f"{SPEED}, was 'fast': see cockpit --help"),
        (
            ["--home", "/etc/passwd", "status"],
            "Invalid value for '--home': expected a directory to keep a profile in, was",
        ),
        (["--arm", "status"], "Invalid value: expected --arm with cockpit alone or cockpit engine, was before status"),
        (["--speed", "5", "engine"], "Invalid value: expected --speed 5.0 after engine, was before engine"),
        (["completion", "tcsh"], "Invalid value for 'bash|zsh|fish': 'tcsh' is not one of 'bash', 'zsh', 'fish'"),
        (["report", "--html"], "Option '--html' requires an argument: see cockpit"),
        (["engine", "--port", "70000"], "Invalid value for '--port': "),
        (["engine", "--shock", "flood"], "expected hf:AT_S:TO[:OVER_S] or silent:"),
        (["engine", "--mode", "live"], "expected --feed live for live mode, was sim: "),
        (["report", "--since", "yesterday"], "Invalid value for --since: expected a UTC date or time like 2025-10"),
        (["validate", "--set", "paper.latency_ms"], '--set: expected KEY=VALUE, was "paper.latency_ms" (text)'),
        (["validate", "--set", "paper.latncy_ms=3"], "--set: paper.latncy_ms: unknown key 'latncy_ms', nearest known"),
        (["import", "none.gz"], "none.gz: expected a readable file, was No such file or directory"),
        (["replay", "none.rec"], "expected to read a recording at none.rec, was: No such file or directory"),
        (["--config", "none.json", "validate"], "none.json: expected a config file, was no such file: check the path"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(arguments: list[str], line: str, cockpit: Cockpit, typed: Cockpit) -> None:
    leads_to_the_screen = arguments[0].startswith("-")
    result = (cockpit if leads_to_the_screen else typed)(*arguments)
    assert only_line(result).startswith(line)
    assert result.returncode == 2
    assert result.stdout == ""


WRONG = {
    "wrong key": ('"stop_bps": 28', '"stop_bsp": 28', "setups.btc_lower_band_long.stop_bsp: unknown key 'stop_bsp'"),
    "wrong type": ('"stop_bps": 28', '"stop_bps": "28"', 'stop_bps: expected a number, was "28" (text)'),
    "wrong unit": ('"latency_ms": 50', '"latency_s": 0.05', "paper.latency_s: unknown key 'latency_s', nearest known"),
    "bands crossed": ("[106600, 106800]", "[106600, 109800]", "bands.BTC: bands crossed: expected the nearest lower"),
    "shares": ('"share_pct": 45', '"share_pct": 44', "expected the targets' share_pct to add up to 100, was 99"),
    "stop over 500": ('"stop_bps": 28', '"stop_bps": 501', "stop_bps: expected at most 500, was 501"),
    "Ledger": ('"read_only": true', '"read_only": false', "cold_storage.read_only: expected true, the only value"),
    "duplicate key": ('"enabled": true', '"enabled": true, "enabled": false', "enabled: expected the key once"),
    "bad JSON": ('"enabled": true', '"enabled" true', "expected JSON, was a syntax error at line "),
    "secret": ('"taker_fee_bps": 5.0', '"api_key": "canary", "taker_fee_bps": 5.0', "unknown key 'api_key'"),
}


@pytest.mark.parametrize(
    ("command", "mistake"), [*(("validate", mistake) for mistake in WRONG), ("engine", "shares"), ("import", "shares")]
)
def test_a_bad_config_is_one_line_and_exit_2(
    command: str, mistake: str, cockpit: Cockpit, typed: Cockpit, tmp_path: Path
) -> None:
    old, new, finding = WRONG[mistake]
    text = SHIPPED.read_text()
    assert old in text
    path = tmp_path / "mine.json"
    path.write_text(text.replace(old, new, 1))
    run = typed if command == "validate" and mistake != "shares" else cockpit
    result = run("--config", path, command, *(["capture.gz"] if command == "import" else []))
    line = only_line(result)
    assert line.startswith(f"{path}: ")
    assert finding in line
    assert "canary" not in line
    assert result.returncode == 2


def test_the_config_may_come_from_the_environment(cockpit: Cockpit, tmp_path: Path) -> None:
    assert only_line(cockpit("validate", COCKPIT_CONFIG=str(tmp_path / "env.json"))).startswith(f"{tmp_path}/env.json:")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config", "{mine}", "validate"],
        ["validate", "--config", "{mine}"],
        ["validate", "--config={mine}", "--mode", "paper"],
    ],
)
def test_the_global_options_may_stand_anywhere(arguments: list[str], cockpit: Cockpit, tmp_path: Path) -> None:
    mine = tmp_path / "none.json"
    result = cockpit(*(word.format(mine=mine) for word in arguments))
    assert only_line(result) == f"{mine}: expected a config file, was no such file: check the path"


def test_a_global_option_without_its_value(cockpit: Cockpit) -> None:
    assert only_line(cockpit("validate", "--home")).startswith("Option '--home' requires an argument")


def test_an_unexpected_error_is_one_line_and_its_traceback_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("cockpit.preflight.checks.preflight", broken)
    code = cli.run(["--home", str(tmp_path), "validate"])
    shown = capsys.readouterr()
    log = tmp_path / "logs" / "engine.log"
    assert code == 1
    assert shown.out == ""
    assert shown.err == f"cockpit: unexpected RuntimeError: two lines: the traceback is in {log}\n"
    record = json.loads(log.read_text())
    assert record["doing"] == "validate"
    assert "in broken" in record["traceback"]


def test_a_log_that_cannot_be_written_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("x")

    (tmp_path / "logs").write_text("a file where the logs should go")
    monkeypatch.setattr("cockpit.preflight.checks.preflight", broken)
    assert cli.run(["--home", str(tmp_path), "validate"]) == 1
    assert capsys.readouterr().err.endswith("engine.log could not be written\n")


def test_ctrl_c_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cockpit.preflight.checks.preflight", interrupted)
    assert cli.run(["--home", str(tmp_path), "validate"]) == 130
    assert capsys.readouterr().err in ("", "cockpit: interrupted\n")


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -m cockpit --home '{tmp_path}' validate | true"
    result = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=SHIPPED.parents[1], check=False
    )
    assert result.stderr == ""


@pytest.mark.parametrize("name", cli.FORESEEN)
def test_every_foreseen_error_exists(name: str) -> None:
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), kind), Exception)


def test_usage_errors_are_typers_own() -> None:
    """`run` tells bad usage by typer's base class; that must stay true with a newer typer."""
    assert issubclass(typer.BadParameter, typer.TyperException)


def test_the_bare_command_imports_no_command_line_before_its_screen() -> None:
    heavy = ["typer", "pydantic", "httpx", "websockets", "sqlalchemy", "ccxt"]
    code = (
        "import sys; import cockpit.__main__, cockpit.cli_screen, cockpit.config.places; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_bare_command_tells_its_errors_like_any_other(cockpit: Cockpit, tmp_path: Path) -> None:
    without_terminal = cockpit()
    assert without_terminal.returncode == 2
    said = "terminal: expected a terminal for the screen, was none: use cockpit engine"
    assert only_line(without_terminal) == f"{said}, cockpit status and cockpit flatten"
