"""Trading by hand from a shell: the words of the screen's command line, each sent once and answered by the engine."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cockpit.commands.control_commands import asked_of_engine
from cockpit.commands.front import NO, YES, Front
from cockpit.commands.shared_options import JsonOption

if TYPE_CHECKING:
    from cockpit.client.http import EngineClient
    from cockpit.config.places import Places

ANSWER_WITHIN_S = 10.0
TOKENS = {"ignore_unknown_options": True}
"""`-5` is a word of ours, no option."""

TradeArgument = Annotated[str, typer.Argument(metavar="TRADE", help="Its number or id, or its asset.")]


def trade(
    ctx: typer.Context,
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="Base coin, e.g. btc.")],
    side: Annotated[str, typer.Argument(metavar="long|short", help="Which way.")],
    size: Annotated[str, typer.Argument(metavar="[SIZE]", help="USD, or base units as in 2u.")] = "",
    risk: Annotated[str, typer.Option("--risk", metavar="USD", help="Size it by what a full stop loses.")] = "",
    limit: Annotated[str, typer.Option("--limit", metavar="PRICE", help="Enter at this price, not at market.")] = "",
    for_: Annotated[str, typer.Option("--for", metavar="S", help="How long the limit waits.")] = "",
    post: Annotated[bool, typer.Option("--post", help="The limit rests or is refused.")] = False,
    stop: Annotated[str, typer.Option("--stop", metavar="BPS|PRICE", help="Where the stop is, or a setup's.")] = "",
    targets: Annotated[str, typer.Option("--targets", metavar="T", help="25/50/90, 25:60/50:40, or a template.")] = "",
    template: Annotated[str, typer.Option("--template", metavar="T", help="Of stop, ladder and time stop.")] = "",
    hold: Annotated[str, typer.Option("--hold", metavar="S", help="Closed when so long has passed.")] = "",
    on: Annotated[str, typer.Option("--on", metavar="VENUE", help="Where, if not where the asset trades.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Show the verdict, send nothing.")] = False,
    json: JsonOption = False,
) -> int:
    """A manual entry through the gate.

    Prints the verdict; exit 1 when it is denied or not sent. Only while armed.

    Example: cockpit trade btc long 30 --stop 28 --preview
    """
    from cockpit.domain.line_tokens import SIDES

    if side.lower() not in SIDES:
        raise typer.BadParameter(f"expected long or short, was '{side}'", param_hint="'long|short'")
    if size and risk:
        raise typer.BadParameter(f"expected SIZE or --risk, was {size} and {risk}", param_hint="'--risk'")
    words = ["preview"] if preview else []
    words += [side, asset, *([size] if size else [])]
    options = {"risk": risk, "at": limit, "for": for_, "stop": stop, "targets": targets}
    options |= {"template": template, "hold": hold, "on": on}
    words += [part for word, value in options.items() if value for part in (word, value)]
    return _do(ctx, " ".join([*words, *(["post"] if post else [])]), json)


def close(
    ctx: typer.Context,
    trade: TradeArgument,
    share: Annotated[str, typer.Argument(metavar="[SHARE]", help="half, 1/4, 25%; all of it without.")] = "",
    json: JsonOption = False,
) -> int:
    """Close a trade, or a share of it, at market.

    Works in every state, disarmed and halted too. `all` closes every trade.

    Example: cockpit close 2 half
    """
    return _do(ctx, f"close {trade} {share}", json)


def stop_at(
    ctx: typer.Context,
    trade: TradeArgument,
    to: Annotated[str, typer.Argument(metavar="PRICE|be|-BPS", help="A price, the entry with fees, or bps nearer.")],
    json: JsonOption = False,
) -> int:
    """Move a trade's stop nearer.

    The new one rests before the old one goes. Never further away.

    Example: cockpit stop-at 2 be
    """
    return _do(ctx, f"stop {trade} {to}", json)


def trail(
    ctx: typer.Context,
    trade: TradeArgument,
    distance: Annotated[str, typer.Argument(metavar="BPS", help="20 bps, 0.5r, 40% of the profit, or off.")],
    json: JsonOption = False,
) -> int:
    """Let a trade's stop follow the price.

    Example: cockpit trail 3 20
    """
    return _do(ctx, f"trail {trade} {distance}", json)


def targets(
    ctx: typer.Context,
    trade: TradeArgument,
    to: Annotated[str, typer.Argument(metavar="T", help="40/80 bps, 40:60/80:40, a template, or none.")],
    json: JsonOption = False,
) -> int:
    """Other targets for what is open of a trade.

    They are laid once those there are gone; `none` leaves it to its stop.

    Example: cockpit targets 2 40/80
    """
    return _do(ctx, f"targets {trade} {to}", json)


def hold(
    ctx: typer.Context,
    trade: TradeArgument,
    time: Annotated[str, typer.Argument(metavar="S", help="Seconds from now, 5m, 1h, or off.")],
    json: JsonOption = False,
) -> int:
    """Give a trade a time stop, or take it away.

    Example: cockpit hold 2 10m
    """
    return _do(ctx, f"hold {trade} {time}", json)


def cancel(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="TRADE|ORDER", help="A trade's resting entry, or an order's id.")],
    json: JsonOption = False,
) -> int:
    """Take back an entry that rests, or one target.

    A stop is never cancelled: move it, or close its trade.

    Example: cockpit cancel 2
    """
    return _do(ctx, f"cancel {what}", json)


def reverse(
    ctx: typer.Context,
    trade: TradeArgument,
    size: Annotated[str, typer.Argument(metavar="[SIZE]", help="USD, or 2u; its own without.")] = "",
    risk: Annotated[str, typer.Option("--risk", metavar="USD", help="Size it by what a full stop loses.")] = "",
    stop: Annotated[str, typer.Option("--stop", metavar="BPS|PRICE", help="Of the other side.")] = "",
    json: JsonOption = False,
) -> int:
    """Close a trade, then put its other side before the gate.

    Only while armed. Where the gate denies the other side it is a close.

    Example: cockpit reverse 2 40 --stop 28
    """
    words = [size, *(("risk", risk) if risk else ()), *(("stop", stop) if stop else ())]
    return _do(ctx, " ".join(["reverse", trade, *filter(None, words)]), json)


def alarm(
    ctx: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="[WORDS]", help="Those that are set without.")] = None,
    json: JsonOption = False,
) -> int:
    """Set an alarm of your own, or take it away.

    On an asset's price, `funding ASSET`, `hf` or `pnl`, `above` or `below` a level. It rings once, and may `close`,
    `disarm` or `flatten`. `drop a1` takes one away, `drop` all.

    Example: cockpit alarm btc above 110000 close
    """
    if words:
        return _do(ctx, f"alarm {' '.join(words)}", json)
    return asked_of_engine(ctx, "alarms", json, _alarms_set)


async def _alarms_set(client: "EngineClient") -> str:
    levels = (await client.snapshot()).alarms
    return "\n".join(f"{level.alarm_id}: {level.text}" for level in levels) or "no alarm is set"


def adopt(
    ctx: typer.Context,
    venue: Annotated[str, typer.Argument(metavar="VENUE", help="Where it is held.")],
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="Base coin, e.g. btc.")],
    template: Annotated[str, typer.Option("--template", metavar="T", help="Of its stop and ladder.")] = "",
    stop: Annotated[str, typer.Option("--stop", metavar="BPS|PRICE", help="In place of the template's.")] = "",
    json: JsonOption = False,
) -> int:
    """Make a position that is not ours a trade of ours.

    With a stop on the venue and a template's ladder, within every limit, or refused with the reason. Only while armed.

    Example: cockpit adopt okx eth
    """
    return _do(ctx, f"adopt {venue} {asset} {template} {f'stop {stop}' if stop else ''}", json)


def do(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="A line of commands, `;` between them.")],
    json: JsonOption = False,
) -> int:
    """Any line of the screen's command line.

    long, short, preview, close, stop, trail, targets, hold, cancel, reverse, adopt, alarm, arm, disarm, halt, resume,
    flatten. Ends at the first that is refused, with exit 1.

    Example: cockpit do "risk 0.3; long btc stop 28 at 107900 for 30"
    """
    return _do(ctx, " ".join(words), json)


def _do(ctx: typer.Context, line: str, json: bool) -> int:
    """Each call of a line in order, until one is refused."""
    import asyncio

    front: Front = ctx.obj
    return asyncio.run(_carried_out(front.places(), line, json))


async def _carried_out(places: "Places", line: str, json: bool) -> int:
    from cockpit.client.errors import EngineRefused, EngineUnreachable
    from cockpit.commands.reach import client_of, no_answer
    from cockpit.domain.command_line import read_line
    from cockpit.domain.line_tokens import LineError

    try:
        async with client_of(places, ANSWER_WITHIN_S) as client:
            rest, risk_usd = line, None
            while rest:
                asked = read_line(rest, await client.known(risk_usd))
                for call in asked.calls:
                    answer = await client.do(call)
                    _show({"ok": answer.get("would_send", True), **answer}, json)
                    if call.reads_only and not answer.get("would_send", True):
                        return NO
                rest, risk_usd = asked.rest, asked.known.risk_usd
    except LineError as error:
        raise typer.BadParameter(str(error)) from None
    except EngineRefused as refused:
        detail = refused.detail if isinstance(refused.detail, dict) else {}
        return _no({"ok": False, "sentence": str(refused), **detail}, json)
    except EngineUnreachable as error:
        return _no({"ok": False, "sentence": no_answer(places, ANSWER_WITHIN_S, error).sentence}, json)
    return YES


def _show(answer: dict[str, Any], json: bool) -> None:
    import msgspec

    from cockpit.commands.echo import echo

    echo(msgspec.json.encode(answer).decode() if json else "\n".join(_lines(answer)))


def _no(answer: dict[str, Any], json: bool) -> int:
    """What was refused, and every check that shrank or blocked it."""
    import msgspec

    from cockpit.commands.echo import echo

    if json:
        echo(msgspec.json.encode(answer).decode())
        return NO
    for line in _check_lines(answer.get("verdict")):
        echo(line)
    typer.echo(f"cockpit: {' '.join(str(answer['sentence']).split())}", err=True)
    return NO


def _lines(answer: dict[str, Any]) -> list[str]:
    """An answer in words: what the engine did, a trade that was sent, or a verdict."""
    if "sentence" in answer:
        return [answer["sentence"]]
    if "traded" in answer:
        return _preview_lines(answer)
    adjusted = answer["risk_adjustments"]
    return [f"{answer['trade_id']} {answer['status']}: {adjusted['steps']}", *answer["validation_warnings"]]


def _preview_lines(answer: dict[str, Any]) -> list[str]:
    traded, proposal = answer["traded"], answer["verdict"]["proposal"]
    even = [traded["break_even_all"], traded["break_even_first"]]
    rates = " / ".join("never" if one is None else f"{one:.0f} %" for one in even)
    size = f"{traded['qty']:.8g} {proposal['asset']}, {traded['notional_usd']:.2f} USD"
    lost = f"{traded['loss_at_stop_usd']:.4f} USD at a stop {traded['stop_bps']:.1f} bps away"
    return [
        *_check_lines(answer["verdict"]),
        f"{proposal['side']} {size}; loses {lost}, fees {traded['fees_usd']:.4f} of it",
        f"breaks even where {rates} of the trades win (every rung / the first alone)",
        "would be sent" if answer["would_send"] else f"would not be sent: {answer['not_sent_because']}",
    ]


def _check_lines(verdict: Any) -> list[str]:
    """The checks that do more than pass."""
    checks = verdict.get("checks", ()) if isinstance(verdict, dict) else ()
    return [f"{check['outcome']}: {check['sentence']}" for check in checks if check["outcome"] != "pass"]
