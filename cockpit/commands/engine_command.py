"""`cockpit engine`: the engine in the foreground, with its options and help."""

import gc
from typing import Annotated

import typer

from cockpit.commands.front import Front
from cockpit.commands.shared_options import ModeOption, OverrideOption, SetOption
from cockpit.commands.speed_option import speed_of
from cockpit.domain.kinds import Mode


def engine(
    ctx: typer.Context,
    mode: ModeOption = Mode.PAPER,
    feed: Annotated[str, typer.Option("--feed", metavar="sim|live|FILE", help="The market it sees.")] = "sim",
    speed: Annotated[
        float,
        typer.Option(
            "--speed",
            parser=speed_of,
            metavar="X",
            help="1 = real time, 10 = ten times faster, 0 = as fast as it goes.",
        ),
    ] = "1",  # type: ignore[assignment]
    max_trades: Annotated[int | None, typer.Option("--max-trades", min=0, help="Entries a UTC day, at most.")] = None,
    arm: Annotated[bool, typer.Option("--arm", help="Let setups trade from the start.")] = False,
    host: Annotated[str, typer.Option("--host", help="Where the API listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any free one.")] = 8000,
    override_reason: OverrideOption = "",
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
    front: Front = ctx.obj
    config = front.load(overrides)

    gc.disable()  # while modules are imported: it is ready a tenth sooner; the start turns it on again
    from cockpit.api.server import ApiServer
    from cockpit.feeds.simulated.shocks import parse_shock
    from cockpit.mcp.mount import McpMount
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
    return run_engine(
        places, config, options, lambda host, ending: ApiServer(host, ending, places, options, mount=McpMount)
    )
