"""The front door: every command, its options and its exit code. Heavy imports happen inside the commands."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cockpit import __version__
from cockpit.commands.engine_commands import check, flatten, status, stop
from cockpit.commands.global_options import globals_first
from cockpit.domain.kinds import Mode

if TYPE_CHECKING:
    from cockpit.config.model import CockpitConfig
    from cockpit.config.places import Places

YES, NO, BAD = 0, 1, 2

FORESEEN = {
    "cockpit.config.problems.ConfigError": BAD,
    "cockpit.deck.errors.EngineRefused": NO,
    "cockpit.deck.errors.EngineUnreachable": NO,
    "cockpit.feeds.binance_raw.CaptureError": BAD,
    "cockpit.feeds.shocks.ShockError": BAD,
    "cockpit.journal.errors.JournalError": BAD,
    "cockpit.journal.errors.RecordingError": BAD,
    "cockpit.runtime.host.NotAnswered": NO,
    "cockpit.runtime.lock.LockHeld": NO,
    "cockpit.runtime.startup.CannotStart": BAD,
}
"""Errors whose text is a line for the operator, with their exit codes. By name, so that none is imported for it."""

app = typer.Typer(
    name="cockpit",
    help="A terminal trading cockpit for crypto perpetuals. Starts in paper mode, on a simulated market, disarmed.",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
"""The commands. `main` runs them; tests may too."""

ModeOption = Annotated[Mode, typer.Option("--mode", help="Whose money: nobody's, 100 USD, or the hot wallet.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]
SlowOption = Annotated[bool, typer.Option("--slow", help="Four pictures a second instead of ten, as over SSH.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a config key; may be repeated.")
]


class CaptureFormat(StrEnum):
    """What `import` reads."""

    BINANCE_RAW = "binance-raw"


class _Front:
    """What the global options said, kept where an error that escapes a command still finds it."""

    def __init__(self) -> None:
        self.home: Path | None = None
        self.config: Path | None = None
        self.doing = ""

    def places(self) -> "Places":
        from cockpit.config.places import find_places

        return find_places(self.home, self.config)

    def load(self, overrides: Sequence[str] | None = None) -> "CockpitConfig":
        from cockpit.config.load import load_config

        return load_config(self.places().config, overrides or ())


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Errors become one line on stderr; no traceback gets out."""
    front = _Front()
    try:
        code = app(globals_first(arguments), prog_name="cockpit", standalone_mode=False, obj=front)
        sys.stdout.flush()
    except typer.TyperException as error:
        return _say(_usage_line(error), BAD)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted", 130)
    except BrokenPipeError:
        _drop_stdout()
        return NO
    except Exception as error:  # the last place before the user's terminal
        return _failed(front, error)
    return code if isinstance(code, int) else YES


def failed(error: Exception) -> int:
    """Tell an error that came before there was a command line, in one line; returns its exit code."""
    return _failed(_Front(), error)


@app.callback(invoke_without_command=True)
def _globals(
    ctx: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option("--home", metavar="DIR", help="This profile's journal, socket and logs (or COCKPIT_HOME)."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="PATH", help="The config file (or COCKPIT_CONFIG).")
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
    mode: Annotated[Mode | None, typer.Option("--mode", help="The engine's mode, where one is started.")] = None,
    feed: Annotated[str | None, typer.Option("--feed", metavar="sim|live|FILE", help="The market it sees.")] = None,
    speed: Annotated[float | None, typer.Option("--speed", min=0, help="1 = real time, 0 = unpaced.")] = None,
    max_trades: Annotated[int | None, typer.Option("--max-trades", min=0, help="Entries a UTC day, at most.")] = None,
    arm: Annotated[bool, typer.Option("--arm", help="Let setups trade from the start.")] = False,
    slow: SlowOption = False,
) -> int | None:
    """Attaches the screen to this profile's engine, and starts one where none runs.

    Paper mode, the simulated market, disarmed, unless told otherwise. Leaving the screen leaves the engine running.

    Example: cockpit --speed 10 --arm
    """
    front: _Front = ctx.obj
    front.home, front.config, front.doing = home, config, ctx.invoked_subcommand or ""
    if version:
        typer.echo(f"cockpit {__version__}")
        raise typer.Exit(YES)
    options = _engine_options(mode, feed, speed, max_trades, arm)
    if ctx.invoked_subcommand is None:
        _collect_no_garbage()
        from cockpit.cli_screen import attach_here

        raise typer.Exit(attach_here(front.places(), options, slow=slow))
    if options or slow:
        given = " ".join([*options, *(["--slow"] if slow else [])])
        raise typer.BadParameter(f"expected {given} after {ctx.invoked_subcommand}, was before it")
    return None


def _engine_options(
    mode: Mode | None, feed: str | None, speed: float | None, max_trades: int | None, arm: bool
) -> list[str]:
    """What was said of the engine, as `cockpit engine` takes it."""
    said = {"--mode": mode, "--feed": feed, "--speed": speed, "--max-trades": max_trades}
    options = [word for name, value in said.items() if value is not None for word in (name, str(value))]
    return [*options, *(["--arm"] if arm else [])]


@app.command()
def attach(
    ctx: typer.Context,
    url: Annotated[str | None, typer.Argument(metavar="[URL]", help="Where the engine answers.")] = None,
    token: Annotated[str, typer.Option("--token", envvar="COCKPIT_TOKEN", help="What it wants to see.")] = "",
    slow: SlowOption = False,
) -> int:
    """The screen for an engine elsewhere.

    Reconnects by itself. Without a URL: this profile's engine.

    The token is best given as COCKPIT_TOKEN: an option can be seen by others.

    Example: cockpit attach https://desk.example:8000
    """
    front: _Front = ctx.obj
    _collect_no_garbage()
    from cockpit.cli_screen import attach_elsewhere, attach_here

    if url is None:
        return attach_here(front.places(), (), slow=slow)
    try:
        return attach_elsewhere(front.places(), url, token, slow=slow)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from None


@app.command()
def validate(
    ctx: typer.Context, mode: ModeOption = Mode.PAPER, json: JsonOption = False, overrides: SetOption = None
) -> int:
    """The pre-flight checklist.

    Looks at the config, the setups with their arithmetic, limits, kill switch, profile and, for test and live, keys.
    Exit 0 when everything is in order, 1 when something is not.

    Example: cockpit validate --mode test --json
    """
    from cockpit.runtime.checklist_text import checklist_json, checklist_lines
    from cockpit.runtime.preflight import preflight

    front: _Front = ctx.obj
    checklist = preflight(front.places(), front.load(overrides), mode)
    typer.echo(checklist_json(checklist) if json else "\n".join(checklist_lines(checklist)))
    return YES if checklist.ok else NO


@app.command("import")
def import_(
    ctx: typer.Context,
    capture: Annotated[Path, typer.Argument(metavar="FILE", help="The capture, plain or gzipped.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.rec", help="Default: beside FILE, as .rec.")
    ] = None,
    capture_format: Annotated[
        CaptureFormat, typer.Option("--format", help="How FILE is written.")
    ] = CaptureFormat.BINANCE_RAW,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT.rec if it exists.")] = False,
) -> int:
    """Turn an exchange capture into a recording.

    A capture is one `recv_ns JSON` a line, plain or gzipped; the recording is for `replay`. Says how many of each
    message it took and what it left.

    Example: cockpit import usdm_btcusdt.gz -o btc.rec
    """
    from cockpit.runtime.importing import default_target, import_capture

    front: _Front = ctx.obj
    progress = _show_progress if sys.stderr.isatty() else None
    imported = import_capture(capture, output or default_target(capture), front.load(), force=force, progress=progress)
    if progress is not None:
        typer.echo("\r\033[K", nl=False, err=True)
    for sentence in imported.sentences:
        typer.echo(sentence)
    typer.echo(f"wrote {imported.events} events to {imported.path}")
    return YES


@app.command()
def replay(
    ctx: typer.Context,
    recording: Annotated[Path, typer.Argument(metavar="FILE.rec", help="A recording.")],
    hold_context: Annotated[
        bool, typer.Option("--hold-context", help="The config's market context counts as fresh throughout.")
    ] = False,
    overrides: SetOption = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="The recorded verdicts and actions must come out the same.")
    ] = False,
    json: JsonOption = False,
) -> int:
    """Run a recording through the engine.

    As fast as it goes; says what the engine decided and earned. With --verify: exit 0 when every verdict and action
    came out as recorded, 1 when one did not.

    Example: cockpit replay btc.rec --hold-context --set bands.BTC.lower=[[61600,61620]]
    """
    from cockpit.runtime.replay import run_replay

    front: _Front = ctx.obj
    config = None if verify and not overrides and front.config is None else front.load(overrides)
    result = run_replay(recording, config, hold_context=hold_context, verify=verify)
    typer.echo(result.as_json() if json else result.as_text())
    return NO if result.verified is False else YES


@app.command()
def report(
    ctx: typer.Context,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="T", help="A UTC date or time, e.g. 2025-10-19 or 2025-10-19T08:00."),
    ] = None,
    json: JsonOption = False,
) -> int:
    """What the journal shows.

    Trades, win rate, P&L, slippage, rejections by check, limit violations, and what the way up still lacks. Exit 1 when
    a limit was violated or the cold storage touched.

    Example: cockpit report --since 2025-10-19 --json
    """
    from cockpit.commands.since import since_ns

    front: _Front = ctx.obj
    from_ns, config = since_ns(since), front.load()

    from cockpit.journal.reading import JournalReader
    from cockpit.journal.report import build_report
    from cockpit.journal.report_text import report_text

    found = build_report(JournalReader(front.places().journal).evidence(from_ns), config)
    typer.echo(found.as_json() if json else report_text(found))
    return NO if found.limit_violations or found.ledger_touches else YES


@app.command()
def engine(
    ctx: typer.Context,
    mode: ModeOption = Mode.PAPER,
    feed: Annotated[str, typer.Option("--feed", metavar="sim|live|FILE", help="The market it sees.")] = "sim",
    speed: Annotated[
        float, typer.Option("--speed", min=0, help="1 = real time, 10 = ten times faster, 0 = as fast as it goes.")
    ] = 1.0,
    max_trades: Annotated[int | None, typer.Option("--max-trades", min=0, help="Entries a UTC day, at most.")] = None,
    arm: Annotated[bool, typer.Option("--arm", help="Let setups trade from the start.")] = False,
    host: Annotated[str, typer.Option("--host", help="Where the API listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any free one.")] = 8000,
    override_reason: Annotated[
        str, typer.Option("--override-way-up", metavar="REASON", help="Climb without the evidence; journalled.")
    ] = "",
    seed: Annotated[int | None, typer.Option("--seed", help="Which simulated market.")] = None,
    shock: Annotated[
        list[str] | None,
        typer.Option("--shock", metavar="SHOCK", help="Script the simulated market: hf:60:1.95:30, gap:BTC:90:-120."),
    ] = None,
    overrides: SetOption = None,
) -> int:
    """The engine in the foreground, no screen.

    Prints one line with its URL when ready; SIGTERM ends it by policy.

    Example: cockpit engine --speed 10 --arm
    """
    front: _Front = ctx.obj
    config = front.load(overrides)

    from cockpit.api.server import ApiServer
    from cockpit.feeds.shocks import parse_shock
    from cockpit.runtime.headless import run_engine
    from cockpit.runtime.options import EngineOptions

    options = EngineOptions(
        mode=mode,
        feed=feed,
        speed=speed,
        max_trades=max_trades,
        arm=arm,
        host=host,
        port=port,
        override_reason=override_reason,
        seed=seed,
        shocks=tuple(parse_shock(text) for text in shock or ()),
    )
    places = front.places()
    return run_engine(places, config, options, lambda host, ending: ApiServer(host, ending, places, options))


for _command in (status, stop, flatten, check):
    app.command()(_command)


def _collect_no_garbage() -> None:
    """None while the screen's modules are imported: the first picture is a tenth sooner. It is resumed when painted."""
    import gc

    gc.disable()


def _show_progress(count: int) -> None:
    typer.echo(f"\r{count:,} messages", nl=False, err=True)


def _usage_line(error: typer.TyperException) -> str:
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "cockpit"
    message = error.format_message().replace("Value error, ", "").rstrip(".")
    return f"{message}: see {command} --help"


def _failed(front: _Front, error: Exception) -> int:
    for kind in type(error).__mro__:
        code = FORESEEN.get(f"{kind.__module__}.{kind.__qualname__}")
        if code is not None:
            return _say(str(error), code)

    from cockpit.runtime.crashlog import log_crash

    log = front.places().engine_log
    where = f"the traceback is in {log}" if log_crash(log, error, front.doing) else f"{log} could not be written"
    return _say(f"unexpected {type(error).__name__}: {error}: {where}", NO)


def _say(line: str, code: int) -> int:
    typer.echo(f"cockpit: {' '.join(line.split())}", err=True)
    return code


def _drop_stdout() -> None:
    """The reader of our output has left: nothing more is written to it, not even at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
