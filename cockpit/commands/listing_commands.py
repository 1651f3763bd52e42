"""What the sheets show, from a shell: the log as it goes, the trades, the gate's verdicts."""

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from cockpit.commands.front import NO, YES, Front
from cockpit.commands.shared_options import JsonOption

if TYPE_CHECKING:
    from cockpit.client.link import LinkChange
    from cockpit.config.places import Places
    from cockpit.domain.actions import AnyAction
    from cockpit.domain.stream import Frame
    from cockpit.domain.trades import TradeRecord
    from cockpit.domain.verdict import Verdict


# Trades and verdicts as lines for people. What they need is imported by them: every command's help is made from here.


def trade_line(trade: "TradeRecord") -> str:
    """One trade: when, what, how it stands or ended, and what it came to."""
    from cockpit.domain.numbers import price_text
    from cockpit.domain.units import utc_text

    what = f"{utc_text(trade.decided_ns)[:19]} {trade.trade_id} {trade.setup} {trade.asset} {trade.side.value}"
    size = f"{trade.entry_qty:g} at {price_text(trade.entry_price)}" if trade.entry_qty > 0 else "not filled"
    how = (
        trade.exit_reason.value if trade.exit_reason is not None and trade.closed_ns is not None else trade.phase.value
    )
    return f"{what} {size} {trade.mode.value} {how}: net {trade.pnl_usd:+.4f} USD, {trade.r:+.2f} R"


def verdict_line(verdict: "Verdict") -> str:
    """One verdict: when, what was asked, and yes or why not."""
    from cockpit.domain.units import utc_text
    from cockpit.runtime.narrate import verdict_text

    return f"{utc_text(verdict.ts_ns)[:19]} {verdict.verdict_id} {verdict_text(verdict)}"


LimitOption = Annotated[int, typer.Option("--limit", min=1, max=200, help="How many, newest first.")]
ANSWER_WITHIN_S = 5.0
LOG_HZ = 1.0


def log(
    ctx: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens.")] = False,
    json: JsonOption = False,
) -> int:
    """What the engine decided, a line each.

    The newest 500 entries, oldest first; with --follow it goes on until Ctrl+C or the engine's end. With --json each
    entry is an object on a line of its own. Exit 1 when no engine runs.

    Example: cockpit log --follow
    """
    import asyncio

    from cockpit.commands.echo import echo

    front: Front = ctx.obj
    return asyncio.run(_follow_log(front.places(), echo, follow=follow, as_json=json))


async def _follow_log(places: "Places", write: Callable[[str], None], *, follow: bool, as_json: bool) -> int:
    """Every entry that the engine still has, and with `follow` every later one. Raises `EngineUnreachable`."""
    from cockpit.client.address import local
    from cockpit.client.errors import EngineUnreachable
    from cockpit.client.link import LinkChange
    from cockpit.client.stream import EngineStream
    from cockpit.domain.stream import Hello, LogFrame
    from cockpit.runtime.lock import is_held

    if not is_held(places.lock):
        raise EngineUnreachable(
            f"no engine runs on this profile ({places.home}): cockpit trades and verdicts read its journal"
        )
    frames = cast("AsyncGenerator[Frame | LinkChange]", EngineStream(local(places.socket), LOG_HZ).frames())
    last_seq: int | None = None
    try:
        async for frame in frames:
            match frame:
                case LinkChange(connected=False) if not is_held(places.lock):
                    return YES if follow else NO
                case Hello():
                    last_seq = frame.last_seq
                case LogFrame():
                    _write_entry(frame.entry, write, as_json)
            is_through = last_seq is not None and last_seq <= (frame.seq if isinstance(frame, LogFrame) else 0)
            if is_through and not follow:
                return YES
    finally:
        await frames.aclose()
    return YES


def _write_entry(entry: "AnyAction", write: Callable[[str], None], as_json: bool) -> None:
    import msgspec

    from cockpit.domain.units import utc_text
    from cockpit.runtime.narrate import line_of

    line = msgspec.json.encode(entry).decode() if as_json else line_of(entry)
    if line is not None:
        write(line if as_json else f"{utc_text(entry.ts_ns)[11:19]} {line}")


def trades(ctx: typer.Context, limit: LimitOption = 50, json: JsonOption = False) -> int:
    """The trades, newest first.

    From the running engine, else from the journal. Exit 1 when there is neither.

    Example: cockpit trades --json
    """
    import msgspec

    from cockpit.domain.trades import TradeRecord

    return _listed(ctx, "trades", limit, json, lambda plain: trade_line(msgspec.convert(plain, TradeRecord)))


def verdicts(ctx: typer.Context, limit: LimitOption = 50, json: JsonOption = False) -> int:
    """The gate's verdicts, newest first.

    A line each; --json has every check. From the running engine, else from the journal. Exit 1 when there is neither.

    Example: cockpit verdicts --limit 20
    """
    import msgspec

    from cockpit.domain.verdict import Verdict

    return _listed(ctx, "verdicts", limit, json, lambda plain: verdict_line(msgspec.convert(plain, Verdict)))


def _listed(ctx: typer.Context, name: str, limit: int, json: bool, line_of: Callable[[Any], str]) -> int:
    import msgspec

    from cockpit.commands.echo import echo

    front: Front = ctx.obj
    found = _found(front.places(), name, limit)
    if json:
        echo(msgspec.json.encode(found).decode())
        return YES if "error" not in found else NO
    if "error" in found:
        typer.echo(f"cockpit: {found['error']}", err=True)
        return NO
    lines = [line_of(plain) for plain in found[name]]
    echo("\n".join(lines) if lines else f"no {name} yet")
    if found["source"] != "journal":
        typer.echo("from memory: the journal has not got everything yet", err=True)
    return YES


def _found(places: "Places", name: str, limit: int) -> dict[str, Any]:
    """A page of them, or `error` with the reason why there is none."""
    import asyncio

    import msgspec

    from cockpit.client.errors import EngineRefused, EngineUnreachable
    from cockpit.commands.reach import client_of
    from cockpit.journal.errors import JournalError
    from cockpit.journal.reading import JournalReader
    from cockpit.runtime.lock import is_held

    async def asked() -> dict[str, Any]:
        async with client_of(places, ANSWER_WITHIN_S) as client:
            return await (client.trades(limit) if name == "trades" else client.verdicts(limit))

    try:
        if is_held(places.lock):
            return asyncio.run(asked())
        reader = JournalReader(places.journal)
        page: list[Any] = list(reader.trades(limit) if name == "trades" else reader.verdicts(limit))
        return {name: msgspec.to_builtins(page), "limit": limit, "offset": 0, "source": "journal"}
    except (EngineRefused, EngineUnreachable, JournalError) as error:
        return {"error": str(error)}
