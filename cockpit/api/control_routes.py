"""The commands that keys send, as calls: each answers what the engine did, not what was asked."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request

from cockpit.api.api_router import api_router
from cockpit.api.context import ApiContext
from cockpit.api.denial import Denied
from cockpit.api.models import BandsRequest, CommandRequest, DoneAnswer, ModeRequest, RefusalAnswer, StopRequest
from cockpit.api.ticket import TICKET, Ticket
from cockpit.domain.commands import AcceptBands, AnyCommand, Arm, Disarm, Flatten, HaltTrading, Resume, SetMode
from cockpit.domain.kinds import Mode
from cockpit.domain.numbers import counted

BY = "api"
NO_REASON = "no reason given"
REFUSED = {400: {"model": RefusalAnswer, "description": "the engine refused, in its own words"}}

Make = Callable[[int, str, str, str, int | None], AnyCommand]
Command = Callable[[Request, CommandRequest | None], Awaitable[DoneAnswer]]

COMMANDS: dict[str, tuple[Make, str, str]] = {
    "arm": (
        lambda now_ns, command_id, by, reason, expires_ns: Arm(now_ns, command_id, by, expires_ns=expires_ns),
        "Let setups and signals trade",
        "Refused while halted, flattening, or disabled by the config, and when it comes after `expires_at`.",
    ),
    "disarm": (
        lambda now_ns, command_id, by, reason, _: Disarm(now_ns, command_id, by),
        "Open nothing more",
        "Stops and targets of open trades keep working.",
    ),
    "halt": (
        lambda now_ns, command_id, by, reason, _: HaltTrading(now_ns, command_id, by, reason or NO_REASON),
        "No entries until resumed",
        "Exits keep working. Never refused.",
    ),
    "resume": (
        Resume,
        "Clear a halt after review",
        "Needs a reason, which the journal keeps; the engine is disarmed afterwards. Refused after `expires_at`.",
    ),
    "flatten": (
        lambda now_ns, command_id, by, reason, _: Flatten(now_ns, command_id, by, reason or NO_REASON),
        "Close everything, then halt",
        "Answers as soon as the closing orders are out; `state` and `flatten_steps` of /api/snapshot show the rest. "
        "Never refused.",
    ),
}


def control_routes(context: ApiContext) -> APIRouter:
    """The routes, over this engine."""
    router = api_router("control")
    for name, (make, summary, description) in COMMANDS.items():
        router.add_api_route(
            f"/api/{name}",
            _command(context, make),
            methods=["POST"],
            name=name,
            summary=summary,
            description=description,
            response_model=DoneAnswer,
            responses=REFUSED,  # type: ignore[arg-type]
        )

    @router.post("/api/mode", summary="Choose paper, test or live", responses=REFUSED)  # type: ignore[arg-type]
    async def mode(request: Request, asked: ModeRequest) -> DoneAnswer:
        """Refused with open trades. Going up is locked until the journal shows the evidence, or for a reason given,
        and refused after `expires_at`. Where it leads to real money it takes the token, whatever mode it is asked in.
        """
        ticket: Ticket = request.scope["state"][TICKET]
        if Mode(asked.mode) is not Mode.PAPER and not ticket.is_owner:
            reason = (
                f"expected 'Authorization: Bearer' with the token of this engine's home for {asked.mode} mode, was none"
            )
            raise Denied(401, "token", reason)
        wanted, override, expires_ns = (
            Mode(asked.mode),
            asked.override_reason or "",
            context.expires_ns(asked.expires_at, is_real=True),
        )
        return await done(
            context,
            lambda now_ns, command_id: SetMode(
                now_ns, command_id, asked.by or BY, wanted, override, expires_ns=expires_ns
            ),
        )

    @router.post("/api/bands/accept", summary="Accept proposed bands", responses=REFUSED)  # type: ignore[arg-type]
    async def accept_bands(asked: BandsRequest) -> DoneAnswer:
        """They stand in place of the asset's own until the UTC day ends. Refused where another proposal has taken its
        place by now, and while a trade rests on the bands.
        """
        context.check_in_time()
        return await done(
            context,
            lambda now_ns, command_id: AcceptBands(now_ns, command_id, asked.by or BY, asked.asset, asked.proposal_id),
        )

    @router.post(
        "/api/stop",
        summary="End the engine process",
        responses={409: {"model": RefusalAnswer, "description": "positions are open and their fate was not said"}},
    )
    async def stop(asked: StopRequest | None = None) -> DoneAnswer:
        """With positions open, say whether to flatten them first or to leave them to their stops."""
        return _stop(context, asked or StopRequest())

    return router


def _command(context: ApiContext, make: Make) -> Command:
    async def command(request: Request, asked: CommandRequest | None = None) -> DoneAnswer:
        ticket: Ticket = request.scope["state"][TICKET]
        by, reason = ticket.by or (asked and asked.by) or BY, (asked and asked.reason) or ""
        expires_ns = context.expires_ns(
            asked.expires_at if asked else None, is_real=context.host.mode is not Mode.PAPER
        )
        return await done(context, lambda now_ns, command_id: make(now_ns, command_id, by, reason, expires_ns))

    return command


async def done(context: ApiContext, make: Callable[[int, str], AnyCommand]) -> DoneAnswer:
    """Give the engine a command; what it did, or `Denied` with its own word against it."""
    answer = await context.host.command(make)
    if not answer.ok:
        raise Denied(400, "refused", answer.sentence, command=answer.command)
    return _answer(context, answer.command, answer.sentence)


def _stop(context: ApiContext, asked: StopRequest) -> DoneAnswer:
    open_trades = len(context.host.engine.book)
    if asked.flatten and asked.leave_stops:
        raise Denied(400, "stop", "expected one of flatten and leave_stops, was both")
    if open_trades and not (asked.flatten or asked.leave_stops):
        what = "say flatten (close them first) or leave_stops (their stops stay)"
        reason = f"{counted(open_trades, 'trade')} open: {what}"
        raise Denied(409, "open_positions", reason, open_trades=open_trades)
    context.ending.ask(f"stop by {asked.by or BY}", flatten_first=bool(asked.flatten))
    how = "flattening first" if asked.flatten else _left(open_trades)
    return _answer(context, "stop", f"ending: {how}")


def _left(open_trades: int) -> str:
    if not open_trades:
        return "no trade is open"
    return f"{counted(open_trades, 'open trade')} {'keeps its' if open_trades == 1 else 'keep their'} stops"


def _answer(context: ApiContext, command: str, sentence: str) -> DoneAnswer:
    host = context.host
    return DoneAnswer(
        ok=True,
        command=command,
        sentence=sentence,
        mode=host.mode.value,
        state=host.engine.risk.state.value,
        timestamp=context.timestamp(),
    )
