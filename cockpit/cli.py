"""The front door: every command, its options and its exit code. Heavy imports happen inside the commands."""

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cockpit import __version__
from cockpit.commands import COMPLETE_VARIABLE
from cockpit.commands.completion import completion, completion_init
from cockpit.commands.control_commands import arm, bands, disarm, halt, mode, resume
from cockpit.commands.echo import echo, terminal_cells
from cockpit.commands.engine_command import engine
from cockpit.commands.engine_commands import check, drill, flatten, status, stop
from cockpit.commands.front import BAD, NO, YES, Front
from cockpit.commands.global_options import globals_first
from cockpit.commands.hand_commands import (
    TOKENS,
    adopt,
    alarm,
    cancel,
    close,
    do,
    hold,
    reverse,
    stop_at,
    targets,
    trade,
    trail,
)
from cockpit.commands.history_commands import history
from cockpit.commands.listing_commands import log, trades, verdicts
from cockpit.commands.mcp_command import mcp
from cockpit.commands.new_commands import new
from cockpit.commands.recording_commands import import_, replay
from cockpit.commands.report_command import report
from cockpit.commands.research_commands import backtest, sweep
from cockpit.commands.shared_options import JsonOption, ModeOption, OverrideOption, SetOption
from cockpit.commands.source_commands import source
from cockpit.commands.speed_option import speed_of
from cockpit.domain.kinds import Mode
from cockpit.domain.plain_text import printable

if TYPE_CHECKING:
    from cockpit.tui.first_paint import FirstPaint

FORESEEN = {
    "cockpit.config.places.NoHome": BAD,
    "cockpit.config.problems.ConfigError": BAD,
    "cockpit.client.errors.EngineRefused": NO,
    "cockpit.client.errors.EngineUnreachable": NO,
    "cockpit.commands.new_commands.NotNew": BAD,
    "cockpit.exchanges.binance.raw_capture.CaptureError": BAD,
    "cockpit.feeds.simulated.profile.ProfileError": BAD,
    "cockpit.feeds.simulated.shocks.ShockError": BAD,
    "cockpit.history.errors.HistoryError": BAD,
    "cockpit.journal.errors.JournalError": BAD,
    "cockpit.journal.errors.RecordingError": BAD,
    "cockpit.runtime.host.NotAnswered": NO,
    "cockpit.runtime.lock.LockHeld": NO,
    "cockpit.runtime.lock.LockUnknown": NO,
    "cockpit.runtime.startup.CannotStart": BAD,
}
"""Errors whose text is a line for the operator, with their exit codes. By name, so that none is imported for it."""


class _InOrder(typer.core.TyperGroup):
    """Lists the commands in our order: typer's own puts those with commands of their own before all others."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names."""
        order = [*_IN_ORDER]
        at = order.index("replay") + 1
        order[at:at] = ["history", "new"]
        order.insert(order.index("check") + 1, "source")
        return order


app = typer.Typer(
    name="cockpit",
    cls=_InOrder,
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
"""The commands. `main` runs them; tests may too."""

SlowOption = Annotated[bool, typer.Option("--slow", help="Four pictures a second instead of ten, as over SSH.")]


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str], first_paint: "FirstPaint | None" = None) -> int:
    """Run one command line and return its exit code. Errors become one line on stderr; no traceback gets out.

    `first_paint` is the first picture where it is drawn already; it is gone again before anything is told.
    """
    front = Front(first_paint)
    if COMPLETE_VARIABLE in os.environ:
        completion_init()
    try:
        with first_paint or contextlib.nullcontext():
            code = app(globals_first(arguments), prog_name="cockpit", standalone_mode=False, obj=front)
        sys.stdout.flush()
    except typer.TyperException as error:
        return _print(_usage_line(error), BAD)
    except (KeyboardInterrupt, typer.Abort):
        return _print("interrupted", 130)
    except BrokenPipeError:
        _drop_stdout()
        return NO
    except OSError as error:
        if why := _output_lost(error):
            return _print(f"expected the output to be written, was: {why}", NO)
        return _failed(front, error)
    except Exception as error:  # the last place before the user's terminal
        return _failed(front, error)
    return code if isinstance(code, int) else YES


def failed(error: Exception) -> int:
    """Tell an error that came before there was a command line, in one line; returns its exit code."""
    return _failed(Front(), error)


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
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version and leave.")] = False,
    mode: Annotated[Mode | None, typer.Option("--mode", help="The engine's mode, where one is started.")] = None,
    feed: Annotated[str | None, typer.Option("--feed", metavar="sim|live|FILE", help="The market it sees.")] = None,
    speed: Annotated[
        float | None, typer.Option("--speed", parser=speed_of, metavar="X", help="1 = real time, 0 = unpaced.")
    ] = None,
    max_trades: Annotated[int | None, typer.Option("--max-trades", min=0, help="Entries a UTC day, at most.")] = None,
    arm_: Annotated[bool, typer.Option("--arm", help="Let setups trade from the start.")] = False,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Where the engine's API listens; 0 = any free one.")
    ] = None,
    override_reason: OverrideOption = "",
    slow: SlowOption = False,
) -> int | None:
    """A terminal trading cockpit for crypto perpetuals: attaches the screen to this profile's engine.

    Starts an engine where none runs: paper mode, the simulated market, disarmed, unless told otherwise. Leaving the
    screen leaves the engine running. To get out now, whatever runs: cockpit flatten

    Example: cockpit --speed 10 --arm
    """
    front: Front = ctx.obj
    front.home, front.config, front.doing = home, config, ctx.invoked_subcommand or ""
    if version:
        typer.echo(f"cockpit {__version__}")
        raise typer.Exit(YES)
    if home is not None and os.path.exists(home) and not os.path.isdir(home) and ctx.invoked_subcommand != "flatten":
        raise typer.BadParameter(
            f"expected a directory to keep a profile in, was the file {home}", param_hint="'--home'"
        )
    options = _engine_options(mode, feed, speed, max_trades, arm_, port, override_reason)
    if ctx.invoked_subcommand is None:
        _collect_no_garbage()
        from cockpit.cli_screen import attach_here

        code = attach_here(front.places(), options, slow=slow, first_paint=front.first_paint)
        raise typer.Exit(_with_trades_line(front, max_trades, code))
    if options or slow:
        given, command = " ".join([*options, *(["--slow"] if slow else [])]), ctx.invoked_subcommand
        place = f"after {command}" if command in ("engine", "attach") else "with cockpit alone or cockpit engine"
        raise typer.BadParameter(f"expected {given} {place}, was before {command}")
    return None


def _with_trades_line(front: Front, max_trades: int | None, code: int) -> int:
    """After the screen, on the terminal it left: a `--max-trades` over the day's limit changed nothing."""
    if max_trades is not None:
        from cockpit.runtime.options import against_more_trades

        if told := against_more_trades(max_trades, front.load().limits.max_trades_per_day):
            return _print(told, code)
    return code


def _engine_options(
    mode: Mode | None,
    feed: str | None,
    speed: float | None,
    max_trades: int | None,
    arm: bool,
    port: int | None,
    override_reason: str,
) -> list[str]:
    """What was said of the engine, as `cockpit engine` takes it."""
    said = {"--mode": mode, "--feed": feed, "--speed": speed, "--max-trades": max_trades, "--port": port}
    said |= {"--override-way-up": override_reason or None}
    options = [word for name, value in said.items() if value is not None for word in (name, str(value))]
    return [*options, *(["--arm"] if arm else [])]


def attach(
    ctx: typer.Context,
    url: Annotated[str | None, typer.Argument(metavar="[URL]", help="Where the engine answers.")] = None,
    token: Annotated[str, typer.Option("--token", envvar="COCKPIT_TOKEN", help="The engine's API token.")] = "",
    slow: SlowOption = False,
) -> int:
    """The screen for an engine elsewhere.

    Reconnects by itself. Without a URL: this profile's engine.

    The token is best given as COCKPIT_TOKEN: an option can be seen by others.

    Example: cockpit attach https://desk.example:8000
    """
    front: Front = ctx.obj
    _collect_no_garbage()
    from cockpit.cli_screen import attach_elsewhere, attach_here

    if url is None:
        return attach_here(front.places(), (), slow=slow, first_paint=front.first_paint)
    try:
        return attach_elsewhere(front.places(), url, token, slow=slow, first_paint=front.first_paint)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from None


def validate(
    ctx: typer.Context, mode: ModeOption = Mode.PAPER, json: JsonOption = False, overrides: SetOption = None
) -> int:
    """The pre-flight checklist.

    Looks at the config, the setups with their arithmetic, limits, kill switch, profile and, for test and live, keys.
    Paper also shows what live data, test and live still lack. Exit 0 when everything is in order, 1 when not.

    Example: cockpit validate --mode test --json
    """
    from cockpit.config.proxies import without_proxies
    from cockpit.preflight.checklist_text import checklist_json, checklist_lines
    from cockpit.preflight.checks import preflight
    from cockpit.preflight.further import stages

    front: Front = ctx.obj
    if proxies := without_proxies(os.environ):
        _print(proxies, YES)
    places, config = front.places(), front.load(overrides)
    checklist = preflight(places, config, mode)
    further = stages(places, config) if mode is Mode.PAPER else ()
    lines = checklist_lines(checklist, further, terminal_cells())
    echo(checklist_json(checklist, further) if json else "\n".join(lines))
    return YES if checklist.ok else NO


def version(ctx: typer.Context) -> int:
    """Print the version and leave.

    Example: cockpit version
    """
    echo(f"cockpit {__version__}")
    return YES


def help_(
    ctx: typer.Context,
    command: Annotated[str, typer.Argument(metavar="[COMMAND]", help="Which one; without it, all of them.")] = "",
) -> int:
    """Explain a command.

    Example: cockpit help replay
    """
    asked = [command, "--help"] if command else ["--help"]
    code = app(asked, prog_name="cockpit", standalone_mode=False, obj=ctx.obj)
    return code if isinstance(code, int) else YES


_IN_ORDER: dict[str, Callable[..., int | None]] = {
    **{"attach": attach, "status": status, "flatten": flatten, "halt": halt, "resume": resume, "arm": arm},
    **{"close": close, "stop-at": stop_at, "trail": trail, "targets": targets, "hold": hold, "cancel": cancel},
    **{"reverse": reverse, "trade": trade, "adopt": adopt, "alarm": alarm, "do": do},
    **{"disarm": disarm, "mode": mode, "bands": bands},
    **{"stop": stop, "trades": trades, "verdicts": verdicts, "log": log, "report": report},
    **{"validate": validate, "engine": engine, "check": check, "mcp": mcp, "drill": drill},
    **{"import": import_, "replay": replay},
    "backtest": backtest,
    "sweep": sweep,
    **{"completion": completion, "version": version, "help": help_},
}
"""The commands as the help lists them: what is needed in a hurry comes first."""
for _name, _command in _IN_ORDER.items():
    app.command(_name, context_settings=TOKENS if _command in (stop_at, do, alarm) else {})(_command)
app.add_typer(history, name="history")
app.add_typer(new, name="new")
app.add_typer(source, name="source")


def _collect_no_garbage() -> None:
    """None while the screen's modules are imported: the first picture is a tenth sooner. It is resumed when painted."""
    import gc

    gc.disable()


def _usage_line(error: typer.TyperException) -> str:
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "cockpit"
    message = error.format_message().replace("Value error, ", "").rstrip(".")
    return f"{message}: see {command} --help"


def _failed(front: Front, error: Exception) -> int:
    for kind in type(error).__mro__:
        code = FORESEEN.get(f"{kind.__module__}.{kind.__qualname__}")
        if code is not None:
            return _print(str(error), code)

    return _print(f"unexpected {type(error).__name__}: {error}: {_traceback_of(front, error)}", NO)


def _traceback_of(front: Front, error: Exception) -> str:
    """Where its traceback was written; what cannot be written must not hide the error itself."""
    from cockpit.config.places import NoHome
    from cockpit.runtime.crashlog import log_crash

    try:
        log = front.places().engine_log
    except (NoHome, OSError):
        return "there is no place for its traceback"
    return f"the traceback is in {log}" if log_crash(log, error, front.doing) else f"{log} could not be written"


def _print(line: str, code: int) -> int:
    with contextlib.suppress(OSError):  # the code says it too, where nobody reads the line
        typer.echo(f"cockpit: {printable(' '.join(line.split()))}", err=True)
    return code


def _output_lost(error: OSError) -> str:
    """Why stdout takes nothing any more, such as a full disk; "" where it does, and something else went wrong."""
    if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
        return ""
    try:
        os.write(sys.stdout.fileno(), b"\n")
    except (OSError, ValueError):
        _drop_stdout()
        return error.strerror or type(error).__name__
    return ""


def _drop_stdout() -> None:
    """The reader of our output has left: nothing more is written to it, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
