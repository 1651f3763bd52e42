"""`cockpit mcp`: the MCP server on stdio, for the engine of this profile."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cockpit.commands.front import BAD, YES, Front

if TYPE_CHECKING:
    from cockpit.client.http import EngineClient
    from cockpit.config.signal_sources import SignalSource


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
    from cockpit.client.errors import EngineRefused
    from cockpit.client.http import EngineClient
    from cockpit.mcp.mount import MISSING

    front: Front = ctx.obj
    places = front.places()
    keys = places.source_keys / f"{source}.keys"
    if source:
        _check(source, front.load().sources, keys)
    try:
        from cockpit.mcp.server import build_server
    except ImportError:
        typer.echo(f"cockpit: {MISSING}", err=True)
        return BAD

    @asynccontextmanager
    async def engine(_: Any) -> "AsyncGenerator[EngineClient, None]":
        token = _newest_key(keys) if source else ""
        if source and not token:  # without one the call would be the operator's
            raise EngineRefused(f"expected a key of source {source} (cockpit source key {source}), was none")
        async with EngineClient(Address(socket=places.socket, token=token), "mcp") as client:
            yield client

    asyncio.run(build_server(engine).run_stdio_async())
    return YES


def _check(source: str, sources: "Mapping[str, SignalSource]", keys: Path) -> None:
    """Refuse a source that this server could not be: one that signs never sends its key."""
    if source in sources and sources[source].auth != "token":
        auth = sources[source].auth
        raise typer.BadParameter(f"expected a source with auth token, was {source} ({auth})", param_hint="'--source'")
    if source not in sources or not _newest_key(keys):
        wanted = f"expected a source with a key (cockpit source key {source})"
        raise typer.BadParameter(f"{wanted}, was {source}", param_hint="'--source'")


def _newest_key(keys: Path) -> str:
    """The key as it is now: it may have been changed since the server began."""
    try:
        return next(iter(keys.read_text(encoding="utf-8").split()), "")
    except FileNotFoundError:
        return ""
