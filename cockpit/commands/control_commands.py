"""What the keys do, from a shell: arm, disarm, halt, resume; each asks the engine and prints what it did."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from cockpit.commands.front import NO, YES, Front
from cockpit.commands.shared_options import JsonOption

Reason = Annotated[str, typer.Argument(metavar="REASON", help="Why; the journal keeps it.")]
ANSWER_WITHIN_S = 10.0


def arm(ctx: typer.Context, json: JsonOption = False) -> int:
    """Let setups and signals trade.

    Refused while halted, flattening, or disabled by the config. Exit 1 when refused, or when no engine runs.

    Example: cockpit arm
    """
    return asked_of_engine(ctx, "arm", json, lambda client: client.arm())


def disarm(ctx: typer.Context, json: JsonOption = False) -> int:
    """Open nothing more.

    Stops and targets of open trades keep working.

    Example: cockpit disarm --json
    """
    return asked_of_engine(ctx, "disarm", json, lambda client: client.disarm())


def halt(ctx: typer.Context, reason: Reason, json: JsonOption = False) -> int:
    """No entries until resumed.

    Exits keep working. Never refused by an engine that runs.

    Example: cockpit halt "the spread looks wrong"
    """
    return asked_of_engine(ctx, "halt", json, lambda client: client.halt(reason))


def resume(ctx: typer.Context, reason: Reason, json: JsonOption = False) -> int:
    """Clear a halt after review.

    The engine is disarmed afterwards.

    Example: cockpit resume "reviewed both losses: slippage, no bug"
    """
    return asked_of_engine(ctx, "resume", json, lambda client: client.resume(reason))


def asked_of_engine(ctx: typer.Context, name: str, json: bool, ask: Callable[[Any], Awaitable[str]]) -> int:
    """0 when the engine did it. What it said is printed, refused or not."""
    import asyncio

    import msgspec

    from cockpit.client.errors import EngineRefused, EngineUnreachable
    from cockpit.commands.echo import echo
    from cockpit.commands.reach import client_of, no_answer

    front: Front = ctx.obj
    places = front.places()

    async def asked() -> dict[str, Any]:
        async with client_of(places, ANSWER_WITHIN_S) as client:
            sentence = await ask(client)
            health = await client.health()
            return {"ok": True, "command": name, "sentence": sentence, "mode": health["mode"], "state": health["state"]}

    try:
        found = asyncio.run(asked())
    except EngineRefused as refused:
        found = {"ok": False, "command": name, "sentence": str(refused)}
    except EngineUnreachable as error:
        found = {"ok": False, "command": name, "sentence": no_answer(places, ANSWER_WITHIN_S, error).sentence}
    if json:
        echo(msgspec.json.encode(found).decode())
    elif found["ok"]:
        echo(found["sentence"])
    else:
        typer.echo(f"cockpit: {' '.join(str(found['sentence']).split())}", err=True)
    return YES if found["ok"] else NO
