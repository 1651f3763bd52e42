"""`POST /api/trade/execute`: an outside signal, put before the same gate as every setup's proposal."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import msgspec
from fastapi import APIRouter, Request

from cockpit.api.context import ApiContext
from cockpit.api.denial import Denied
from cockpit.api.guard import TICKET, Ticket
from cockpit.api.models import Denial, ExecuteAnswer, ExecuteRequest, RefusalAnswer, RiskAdjustments, UnknownStrategy
from cockpit.api.quiet_json import QuietResponse
from cockpit.config.setups import ExternalStrategy
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import Signal
from cockpit.domain.kinds import Mode, Side, TradePhase
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.domain.verdict import Target, Verdict

# Signals answered by id: the same id gets the same answer, also while the first is still being answered.

ANSWERS_KEPT = 1_000


class Answer(NamedTuple):
    """A status and the JSON that goes with it."""

    status: int
    content: dict[str, Any]


class _Known(NamedTuple):
    body: object
    task: "asyncio.Task[Answer]"


class Answered:
    """The newest answers. Beyond them the engine itself still knows the ids it has traded."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def once(self, key: str, body: object, make: Callable[[], Awaitable[Answer]]) -> tuple[Answer, bool]:
        """The answer to this id, made once, and whether this body is the one it was made for.

        A caller that goes away does not take the answer with it. What ended in an error is forgotten: asking again
        asks the engine again, which answers a known id as before.
        """
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _Known(body, asyncio.ensure_future(_made(make)))
            known.task.add_done_callback(lambda task: self._forget_failed(key, task))
            self._shorten()
        return await asyncio.shield(known.task), known.body == body

    def _forget_failed(self, key: str, task: "asyncio.Task[Answer]") -> None:
        if task.cancelled() or task.exception() is not None:
            self._known.pop(key, None)

    def _shorten(self) -> None:
        if len(self._known) > ANSWERS_KEPT:
            oldest = next(iter(self._known))
            if self._known[oldest].task.done():
                del self._known[oldest]


async def _made(make: Callable[[], Awaitable[Answer]]) -> Answer:
    return await make()


BY = "api signal"


def trade_routes(context: ApiContext) -> APIRouter:
    """The route, over this engine."""
    router = APIRouter(tags=["trading"])
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
        if context.signs:
            _check_signed(request, asked)
        strategy = _strategy(context, asked)
        if asked.id is None:
            answer = await _execute(context, strategy, asked)
            return QuietResponse(answer.content, answer.status)
        answer, is_same = await answered.once(asked.id, asked, lambda: _execute(context, strategy, asked))
        return QuietResponse(answer.content if is_same else _reused(answer, asked.id), answer.status)

    return router


def _check_signed(request: Request, asked: ExecuteRequest) -> None:
    """Raise `Denied` unless the guard has found the signature good; it needs an id, so that a replay is recognised."""
    ticket: Ticket = request.scope["state"][TICKET]
    if not ticket.is_signed or asked.id is None:
        what = "expected an id in a signed signal, was none" if ticket.is_signed else "expected a signed signal"
        raise Denied(401, "signature", what)


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


async def _execute(context: ApiContext, strategy: ExternalStrategy, asked: ExecuteRequest) -> Answer:
    host = context.host
    expires_ns = context.expires_ns(asked.expires_at)
    answer = await host.command(
        lambda now_ns, command_id: Signal(
            ts_ns=now_ns,
            command_id=command_id,
            by=BY,
            strategy=strategy.name,
            asset=asked.pair.upper().split("/")[0],
            amount_usd=asked.amount,
            mode=Mode(asked.mode or Mode.PAPER),
            side=None if asked.side in (None, "auto") else Side(asked.side),
            signal_id=asked.id,
            expires_ns=expires_ns,
            venues=tuple(venue.lower() for venue in asked.exchanges or ()),
            stop_bps=asked.stop_bps,
            targets=_targets(asked),
            reason=asked.reason or "",
            confidence=asked.confidence,
        )
    )
    verdict = host.verdict(answer.verdict_id) if answer.verdict_id else None
    if not answer.ok or answer.trade_id is None:
        return _denial(answer, verdict)
    trade = await _filled(context, answer.trade_id) or await context.pages.trade(answer.trade_id)
    if trade is None:
        raise Denied(503, "not_seen", f"trade {answer.trade_id} was sent but cannot be shown: look at /api/trades")
    shown = _trade(trade, verdict, context.timestamp())
    if host.not_durable():
        shown.validation_warnings.append(host.not_durable())
    return Answer(200, shown.model_dump())


def _targets(asked: ExecuteRequest) -> tuple[Target, ...] | None:
    """The asked ladder, None for the registered one."""
    if asked.targets is None:
        return None
    return tuple(Target(rung.distance_bps, rung.share_pct) for rung in asked.targets)


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
