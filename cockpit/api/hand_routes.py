"""One trade by hand: parts of it, its stop, its targets, its time; what is not ours; alarms. Each once for its id."""

from functools import partial
from typing import Any

from fastapi import APIRouter

from cockpit.api.api_router import api_router
from cockpit.api.context import ApiContext
from cockpit.api.hand_models import (
    CloseRequest,
    HandAnswer,
    ReverseRequest,
    StopMoveRequest,
    TargetsRequest,
    TimeStopRequest,
    TrailRequest,
)
from cockpit.api.hands import REFUSED, Hands
from cockpit.api.models import RefusalAnswer
from cockpit.api.previews import stop_terms, targets_of
from cockpit.api.quiet_json import QuietResponse
from cockpit.domain import commands as asked_for
from cockpit.domain.commands import ManualEntry
from cockpit.domain.kinds import Side
from cockpit.domain.trades import TradeRecord, Trail, TrailBy

OF = "/api/trades/{trade_id}"
OF_TRADE: dict[str, Any] = {
    "response_model": HandAnswer,
    "responses": {**REFUSED, 404: {"model": RefusalAnswer, "description": "no trade of that id was ever seen here"}},
}


def hand_routes(context: ApiContext) -> APIRouter:
    """The routes, working with this engine."""
    router, hands = api_router("by hand"), Hands(context)

    @router.post(f"{OF}/close", summary="Close a trade, or a share of it", **OF_TRADE)
    async def close(trade_id: str, asked: CloseRequest | None = None) -> QuietResponse:
        """At market, reduce-only; its stop and targets follow what is left. Never gated, done in every state."""
        body = asked or CloseRequest()
        share = 1.0 if body.share is None else body.share
        return await hands.on_trade(
            trade_id, body, partial(asked_for.CloseTrade, share=share, reason=body.reason or "")
        )

    @router.post(f"{OF}/stop", summary="Move a trade's stop nearer", **OF_TRADE)
    async def stop(trade_id: str, asked: StopMoveRequest) -> QuietResponse:
        """The new one rests before the old one goes. Never further away, and not through the price."""
        return await hands.on_trade(
            trade_id,
            asked,
            partial(
                asked_for.MoveStop, price=asked.price, tighter_bps=asked.tighter_bps, to_entry=asked.to is not None
            ),
        )

    @router.post(f"{OF}/trail", summary="Let a trade's stop follow the price", **OF_TRADE)
    async def trail(trade_id: str, asked: TrailRequest) -> QuietResponse:
        """It rests on the venue and is moved there, nearer only; without a distance it stays where it is."""
        return await hands.on_trade(trade_id, asked, partial(asked_for.TrailStop, distance=_trail(asked)))

    @router.post(f"{OF}/targets", summary="Other targets for what is open", **OF_TRADE)
    async def targets(trade_id: str, asked: TargetsRequest) -> QuietResponse:
        """They are laid once those there are gone; an empty list leaves the trade to its stop."""
        return await hands.on_trade(
            trade_id, asked, partial(asked_for.SetTargets, targets=targets_of(asked.targets) or ())
        )

    @router.post(f"{OF}/time-stop", summary="Give a trade a time stop, or take it away", **OF_TRADE)
    async def time_stop(trade_id: str, asked: TimeStopRequest) -> QuietResponse:
        """Closed at market so many seconds from now."""
        return await hands.on_trade(trade_id, asked, partial(asked_for.SetTimeStop, after_s=asked.after_s))

    @router.post(f"{OF}/reverse", summary="Close a trade, then propose the other side", **OF_TRADE)
    async def reverse(trade_id: str, asked: ReverseRequest | None = None) -> QuietResponse:
        """The entry goes before the gate once the trade is flat: its verdict is in the gate log. Only while armed."""
        body = asked or ReverseRequest()
        record = await hands.trade(trade_id)
        entry, expires_ns = _reversed(record, body), hands.context.expires_ns(body.expires_at)
        return await hands.on_trade(trade_id, body, partial(asked_for.Reverse, entry=entry, expires_ns=expires_ns))

    return router


def _trail(asked: TrailRequest) -> Trail | None:
    for by, distance in ((TrailBy.BPS, asked.bps), (TrailBy.R, asked.r), (TrailBy.RATIO, asked.ratio)):
        if distance is not None:
            return Trail(by, distance)
    return None


def _reversed(record: TradeRecord, asked: ReverseRequest) -> ManualEntry:
    """The other side of a trade, of its own size where nothing is said."""
    terms = stop_terms(asked.stop)
    is_sized = any(size is not None for size in (asked.amount, asked.units, asked.risk_usd))
    return ManualEntry(
        asset=record.asset,
        side=Side(record.side).opposite,
        amount_usd=asked.amount if is_sized else record.notional_usd,
        units=asked.units,
        risk_usd=asked.risk_usd,
        stop_bps=terms.bps,
        stop_price=terms.price,
        stop_of=terms.setup or "",
        template=asked.template or "",
        venue=record.venue,
        reason=asked.reason or f"reverse of {record.trade_id}",
    )
