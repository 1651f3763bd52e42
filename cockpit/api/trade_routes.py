"""`POST /api/trade/execute`: an outside signal, put before the same gate as every setup's proposal."""

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from cockpit.api.answered import Answer, Answered
from cockpit.api.api_router import api_router
from cockpit.api.context import ApiContext
from cockpit.api.denial import Denied
from cockpit.api.hand_models import ManualRequest, PreviewAnswer, PreviewRequest
from cockpit.api.models import (
    Denial,
    ExecuteAnswer,
    ExecuteRequest,
    RefusalAnswer,
    RiskAdjustments,
    UnknownStrategy,
)
from cockpit.api.previews import manual_entry, preview_of, targets_of
from cockpit.api.quiet_json import QuietResponse
from cockpit.api.ticket import TICKET, Ticket
from cockpit.api.webhooks import mapped
from cockpit.config.setups import ExternalStrategy
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import Enter, ManualEntry, Signal
from cockpit.domain.kinds import Mode, Side, TradePhase
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.domain.verdict import Verdict

BY = "api signal"
BY_HAND = "api"


def trade_routes(context: ApiContext) -> APIRouter:
    """The route, over this engine."""
    router = api_router("trading")
    answered = Answered()

    @router.post(
        "/api/trade/execute",
        summary="Propose a trade under a registered name",
        response_model=ExecuteAnswer,
        responses={
            400: {"model": Denial, "description": "denied by the gate, not sent, or not for this engine"},
            401: {"model": RefusalAnswer, "description": "token or signature missing or wrong"},
            404: {"model": UnknownStrategy, "description": "no strategy is registered under that name"},
        },
    )
    async def execute(request: Request, asked: ExecuteRequest) -> QuietResponse:
        """The signal passes the gate, gets its strategy's registered stop and targets where it names no others
        (a stop may only be narrower), and is sent if armed.

        200 once the entry has left `opening` (or after 2 s); 400 with the reason and every check where nothing was
        sent. With an `id` the same call can be repeated safely: same answer, never a second trade.
        """
        source = _source(request, asked)
        if context.signs and not source:
            _check_signed(request, asked)
        answer = await _once(answered, context, asked, source)
        return QuietResponse(answer.content, answer.status)

    @router.post(
        "/api/hooks/{source}",
        summary="A webhook of another service",
        response_model=ExecuteAnswer,
        responses={
            400: {"model": Denial, "description": "denied by the gate, or not sent"},
            404: {"model": RefusalAnswer, "description": "no source of that name has a webhook, or no such strategy"},
        },
    )
    async def hook(request: Request, source: Annotated[str, Path(max_length=40)]) -> QuietResponse:
        """Any JSON body, mapped to a proposal by the source's template in the config (`sources.NAME.webhook`)."""
        ticket: Ticket = request.scope["state"][TICKET]
        known = context.host.config.sources.get(source)
        if known is None or known.webhook is None:
            raise Denied(404, "unknown_source", f"expected a source with a webhook, was {source!a}")
        if ticket.source not in ("", source):
            raise Denied(403, "scope", f"expected the webhook of source {ticket.source}, was {source}")
        try:
            asked = ExecuteRequest.model_validate(mapped(await request.body(), known.webhook))
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error
        answer = await _once(answered, context, asked, source)
        return QuietResponse(answer.content, answer.status)

    @router.post(
        "/api/trade/enter",
        summary="Propose a trade by hand",
        response_model=ExecuteAnswer,
        responses={400: {"model": Denial, "description": "denied by the gate, not sent, or late"}},
    )
    async def enter(asked: ManualRequest) -> QuietResponse:
        """Judged like every proposal, counted in every limit, and sent only while armed. An `id` is sent once: the same
        call again gets the same answer. After `expires_at` it is refused.
        """
        if asked.id is None:
            answer = await _enter(context, asked)
            return QuietResponse(answer.content, answer.status)
        answer, is_same = await answered.once(f"enter {asked.id}", asked, lambda: _enter(context, asked))
        return QuietResponse(answer.content if is_same else _reused(answer, asked.id), answer.status)

    @router.post(
        "/api/trade/preview",
        summary="What the gate would say to a trade",
        response_model=PreviewAnswer,
        responses={
            400: {"model": RefusalAnswer, "description": "it would never reach the gate, and why"},
            404: {"model": UnknownStrategy, "description": "no strategy is registered under that name"},
        },
    )
    async def preview(asked: PreviewRequest) -> QuietResponse:
        """The whole verdict and what would be traded, of a signal's body or of an entry by hand. Sends nothing."""
        return QuietResponse(_preview(context, asked).model_dump())

    return router


def _preview(context: ApiContext, asked: ExecuteRequest | ManualRequest) -> PreviewAnswer:
    host = context.host
    if isinstance(asked, ManualRequest):
        wanted: ManualEntry | Signal = manual_entry(asked)
    else:
        wanted = _signal(context, _strategy(context, asked), asked, host.engine.now_ns, "preview")
    verdict = host.engine.preview(wanted)
    if isinstance(verdict, str):
        raise Denied(400, "refused", verdict)
    return preview_of(host.config, verdict, host.engine.risk.state, host.engine.risk.reason)


async def _enter(context: ApiContext, asked: ManualRequest) -> Answer:
    expires_ns = context.expires_ns(asked.expires_at)
    answer = await context.host.command(
        lambda now_ns, command_id: Enter(
            now_ns, command_id, asked.by or BY_HAND, manual_entry(asked), asked.id, expires_ns
        )
    )
    return await _sent(context, answer)


async def _once(answered: Answered, context: ApiContext, asked: ExecuteRequest, source: str) -> Answer:
    """The answer to a proposal; with an id, the same one each time it comes."""
    strategy = _strategy(context, asked)
    if asked.id is None:
        return await _execute(context, strategy, asked, source)
    whose = asked.id.partition(":")[0]
    if not source and ":" in asked.id and whose in context.host.config.sources:
        reason = f"expected an id that does not begin like those of source {whose}, was {asked.id!a}"
        raise Denied(422, "invalid", reason, fields=["id"], problems=[])
    key = f"{source}:{asked.id}"
    body = asked.model_copy(update={"expires_at": None})  # who asks again waits anew
    answer, is_same = await answered.once(key, body, lambda: _execute(context, strategy, asked, source))
    return answer if is_same else Answer(answer.status, _reused(answer, asked.id))


def _check_signed(request: Request, asked: ExecuteRequest) -> None:
    """Raise `Denied` unless the guard has found the signature good; it needs an id, so that a replay is recognised."""
    ticket: Ticket = request.scope["state"][TICKET]
    if not ticket.is_signed or asked.id is None:
        what = "expected an id in a signed signal, was none" if ticket.is_signed else "expected a signed signal"
        raise Denied(401, "signature", what)


def _source(request: Request, asked: ExecuteRequest) -> str:
    """The registered source that calls, empty for any other caller; one that signs needs an id, against replays."""
    ticket: Ticket = request.scope["state"][TICKET]
    if ticket.source and ticket.is_signed and asked.id is None:
        raise Denied(401, "signature", "expected an id in a signed signal, was none")
    return ticket.source


def _strategy(context: ApiContext, asked: ExecuteRequest) -> ExternalStrategy:
    """The registered strategy meant. Raises `Denied` for an unknown name, or a pair it does not trade."""
    config = context.host.config
    strategy = config.strategy(asked.strategy)
    if strategy is None:
        known = [strategy.name for strategy in config.external_strategies]
        reason = f"unknown strategy {asked.strategy!r}; known: {', '.join(known) or 'none'}"
        raise Denied(404, "unknown_strategy", reason, known=known)
    if asked.pair.upper() not in (pair.upper() for pair in strategy.pairs):
        reason = f"{strategy.name} trades {', '.join(strategy.pairs)}, was {asked.pair}"
        raise Denied(400, "pair", reason, warnings=[], verdict=None)
    return strategy


async def _execute(context: ApiContext, strategy: ExternalStrategy, asked: ExecuteRequest, source: str = "") -> Answer:
    answer = await context.host.command(
        lambda now_ns, command_id: _signal(context, strategy, asked, now_ns, command_id, source)
    )
    return await _sent(context, answer)


def _signal(
    context: ApiContext,
    strategy: ExternalStrategy,
    asked: ExecuteRequest,
    now_ns: int,
    command_id: str,
    source: str = "",
) -> Signal:
    return Signal(
        ts_ns=now_ns,
        command_id=command_id,
        by=f"source {source}" if source else BY,
        strategy=strategy.name,
        asset=asked.pair.upper().split("/")[0],
        amount_usd=asked.amount,
        mode=Mode(asked.mode or Mode.PAPER),
        side=None if asked.side in (None, "auto") else Side(asked.side),
        signal_id=f"{source}:{asked.id}" if source and asked.id else asked.id,
        expires_ns=context.expires_ns(asked.expires_at),
        venues=tuple(venue.lower() for venue in asked.exchanges or ()),
        stop_bps=asked.stop_bps,
        targets=targets_of(asked.targets),
        reason=asked.reason or "",
        confidence=asked.confidence,
        source=source,
        limit_price=asked.entry.price if asked.entry else None,
        limit_within_s=asked.entry.within_s if asked.entry else None,
        stop_price=asked.stop_price,
        hold_s=asked.hold_s,
    )


async def _sent(context: ApiContext, answer: CommandAnswered) -> Answer:
    """The trade that was sent, once its entry filled, or why nothing was."""
    host = context.host
    verdict = host.verdict(answer.verdict_id) if answer.verdict_id else None
    if not answer.ok or answer.trade_id is None:
        return _denial(answer, verdict)
    trade = await _filled(context, answer.trade_id) or await context.pages.trade(answer.trade_id)
    if trade is None:
        raise Denied(503, "not_seen", f"trade {answer.trade_id} was sent but cannot be shown: look at /api/trades")
    shown = _trade(trade, verdict, context.timestamp())
    if lacks := await host.not_durable_within():
        shown.validation_warnings.append(lacks)
    return Answer(200, shown.model_dump())


async def _filled(context: ApiContext, trade_id: str) -> TradeRecord | None:
    """The trade once its entry filled or failed, or as it stands after a while."""
    host = context.host
    try:
        async with asyncio.timeout(context.limits.fill_within_s):
            while (trade := _find(context, trade_id)) is not None and trade.phase is TradePhase.OPENING:
                await host.log.wait_beyond(host.log.last_seq)
    except TimeoutError:
        return _find(context, trade_id)
    return trade


def _find(context: ApiContext, trade_id: str) -> TradeRecord | None:
    """A trade of this run, or one that an earlier run left open."""
    known = context.host.trade(trade_id)
    if known is not None:
        return known
    records = (view.trade for view in context.host.snapshot().open_trades)
    return next((record for record in records if record.trade_id == trade_id), None)


def _trade(trade: TradeRecord, verdict: Verdict | None, timestamp: str) -> ExecuteAnswer:
    warnings = list(verdict.warnings) if verdict is not None else []
    if verdict is not None and verdict.sizing is not None:
        warnings += verdict.sizing.notes
    if trade.phase is TradePhase.ABANDONED:
        warnings.append(f"the entry never filled: {trade.exit_detail or 'the venue did not take it'}")
    fill_ms = trade.decision_to_fill_ms
    return ExecuteAnswer(
        trade_id=trade.trade_id,
        status=trade.phase.value,
        profit=trade.pnl_usd,
        execution_time=fill_ms * NS_PER_MS / NS_PER_S if fill_ms is not None else None,
        timestamp=timestamp,
        validation_warnings=warnings,
        risk_adjustments=RiskAdjustments(
            original_amount=trade.requested_usd,
            adjusted_amount=trade.notional_usd,
            size_multiplier=trade.size_factor,
            stop_loss_bps=trade.stop_bps,
            allowed_amount=trade.requested_usd * trade.size_factor,
            loss_at_stop=trade.risk_usd,
            steps=verdict.size_text if verdict is not None else "",
        ),
    )


def _denial(answer: CommandAnswered, verdict: Verdict | None) -> Answer:
    """Nothing was sent: the gate's reason, why an approved trade was not sent, or why the gate was not even asked."""
    error = "refused" if verdict is None else "not_sent" if verdict.approved else f"denied: {verdict.reason_check}"
    detail: dict[str, Any] = {
        "error": error,
        "reason": answer.sentence,
        "warnings": list(verdict.warnings) if verdict is not None else [],
        "verdict": msgspec.to_builtins(verdict) if verdict is not None else None,
    }
    return Answer(400, {"detail": detail})


def _reused(answer: Answer, signal_id: str) -> dict[str, Any]:
    """The earlier answer, with a warning that this body was another one and did nothing."""
    warning = f"id {signal_id} was answered before, for another body: this is that answer, nothing new was sent"
    content = msgspec.to_builtins(answer.content)
    where, name = (content, "validation_warnings") if answer.status == 200 else (content["detail"], "warnings")
    where[name] = [*where[name], warning]
    return dict(content)
