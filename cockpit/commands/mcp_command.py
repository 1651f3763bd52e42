"""`cockpit mcp`: the MCP server on stdio, for the engine of this profile."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cockpit.commands.front import BAD, YES, Front

if TYPE_CHECKING:
    from cockpit.client.http import EngineClient


def mcp(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Option("--source", metavar="NAME", help="Act as this source of the config, with its scopes.")
    ] = "",
) -> int:
    """The MCP server on stdio.

    A model looks, proposes trades and sheds risk; it can never arm, resume or change the mode. With --source it has
    that source's scopes and limits. Needs the extra: pip install 'cockpit-perps[mcp]'

    Example: cockpit mcp --source desk-model
    """
    import asyncio

    from cockpit.client.address import Address
    from cockpit.client.http import EngineClient
    from cockpit.mcp.mount import MISSING

    front: Front = ctx.obj
    places = front.places()
    token = ""
    if source:
        path = places.source_keys / f"{source}.keys"
        if source not in front.load().sources or not path.exists():
            raise typer.BadParameter(
                f"expected a source with a key (cockpit source key {source}), was {source}", param_hint="'--source'"
            )
        token = path.read_text(encoding="utf-8").split()[0]
    try:
        from cockpit.mcp.server import build_server
    except ImportError:
        typer.echo(f"cockpit: {MISSING}", err=True)
        return BAD
    address = Address(socket=places.socket, token=token)

    @asynccontextmanager
    async def engine(_: Any) -> "AsyncGenerator[EngineClient, None]":
        async with EngineClient(address, "mcp") as client:
            yield client

    asyncio.run(build_server(engine).run_stdio_async())
    return YES
