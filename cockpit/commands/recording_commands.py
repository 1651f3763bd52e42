"""The commands that make and run recordings: their options and help."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cockpit.commands.echo import echo, terminal_cells
from cockpit.commands.front import NO, YES, Front
from cockpit.commands.shared_options import JsonOption, SetOption


class CaptureFormat(StrEnum):
    """What `import` reads."""

    BINANCE_RAW = "binance-raw"


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
    as_perp: Annotated[bool, typer.Option("--as-perp", help="Take a spot capture for a perpetual's.")] = False,
) -> int:
    """Turn an exchange capture into a recording.

    A capture is one `recv_ns JSON` a line, plain or gzipped; the recording is for `replay`. Says how many of each
    message it took and what it left.

    Example: cockpit import usdm_btcusdt.gz -o btc.rec
    """
    from cockpit.commands.progress import ProgressLine
    from cockpit.replay.importing import default_target, import_capture

    front: Front = ctx.obj
    config = front.load()
    with ProgressLine("messages") as line:
        target = output or default_target(capture)
        imported = import_capture(capture, target, config, force=force, as_perp=as_perp, progress=line.refresh)
    for sentence in imported.sentences:
        echo(sentence)
    echo(f"wrote {imported.events} events to {imported.path}")
    return YES


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
    came out as recorded, 1 when one did not, or when part of the recording is damaged.

    Example: cockpit replay btc.rec --hold-context --set bands.BTC.lower=[[61600,61620]]
    """
    from cockpit.commands.progress import ProgressLine
    from cockpit.replay.replay import run_replay

    front: Front = ctx.obj
    config = None if verify and not overrides and front.config is None else front.load(overrides)
    with ProgressLine("events", silent=json) as line:
        beside = front.places().config.resolve().parent
        result = run_replay(
            recording, config, hold_context=hold_context, verify=verify, progress=line.refresh, beside=beside
        )
    echo(result.as_json() if json else result.as_text(terminal_cells()))
    return YES if result.is_whole else NO
