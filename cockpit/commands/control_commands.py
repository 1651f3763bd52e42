"""What the keys do to the engine, from a shell: each command asks it and prints what it did."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cockpit.commands.front import NO, YES, Front
from cockpit.commands.shared_options import JsonOption, OverrideOption
from cockpit.domain.kinds import Mode
from cockpit.domain.numbers import price_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cockpit.client.http import EngineClient
    from cockpit.domain.bands import Band
    from cockpit.domain.snapshot import AssetView

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


def mode(
    ctx: typer.Context,
    to: Annotated[Mode, typer.Argument(metavar="paper|test|live", help="Whose money the running engine trades.")],
    override_reason: OverrideOption = "",
    json: JsonOption = False,
) -> int:
    """Choose the running engine's mode.

    Refused with open trades; the engine is disarmed afterwards. Going up is locked until the journal shows the
    evidence, or for a reason given.

    Example: cockpit mode paper
    """
    return asked_of_engine(ctx, "mode", json, lambda client: client.set_mode(to, override_reason))


def bands(
    ctx: typer.Context,
    asset: Annotated[str, typer.Argument(metavar="[ASSET]", help="Base coin, e.g. btc; all without.")] = "",
    proposal: Annotated[str, typer.Argument(metavar="[ID]", help="The proposal to accept, as it was shown.")] = "",
    json: JsonOption = False,
) -> int:
    """The assets' bands, and what is proposed instead.

    With a proposal's id it is accepted: its bands stand until the UTC day ends. Refused where another proposal has
    taken its place by now.

    Example: cockpit bands btc
    """
    if proposal:
        return asked_of_engine(ctx, "bands", json, lambda client: client.accept_bands(asset.upper(), proposal))
    return asked_of_engine(ctx, "bands", json, lambda client: _bands_of(client, asset.upper()))


async def _bands_of(client: "EngineClient", asset: str) -> str:
    found = [one for one in (await client.snapshot()).assets if asset in ("", one.asset)]
    return "\n".join(line for one in found for line in _band_lines(one)) or f"no asset {asset} here"


def _band_lines(asset: "AssetView") -> list[str]:
    lines = [f"{asset.asset}: below {_ranges(asset.bands_lower)}; above {_ranges(asset.bands_upper)}"]
    proposed = asset.proposed_bands
    if proposed is not None:
        what = f"below {_ranges(proposed.new_lower)}; above {_ranges(proposed.new_upper)}"
        lines.append(f"{asset.asset}: proposed as {proposed.proposal_id}: {what}")
        lines += [f"  {band.why}" for band in (*proposed.lower, *proposed.upper)]
    return lines


def _ranges(found: "Sequence[Band]") -> str:
    shown = (price_text(low) if low == high else f"{price_text(low)}-{price_text(high)}" for low, high in found)
    return ", ".join(shown) or "none"


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
