"""Orders and positions by hand, and alarms of one's own. Each call is done once for its id."""

from functools import partial

from fastapi import APIRouter

from cockpit.api.api_router import api_router
from cockpit.api.context import ApiContext
from cockpit.api.hand_models import AdoptRequest, AlarmDropRequest, AlarmRequest, HandAnswer, HandRequest
from cockpit.api.hands import REFUSED, Hands
from cockpit.api.previews import stop_terms
from cockpit.api.quiet_json import QuietResponse
from cockpit.domain import commands as asked_for
from cockpit.domain.personal_alarms import AlarmAction, AlarmLevel, AlarmOn


def position_routes(context: ApiContext) -> APIRouter:
    """The routes, working with this engine."""
    router, hands = api_router("by hand"), Hands(context)

    @router.post(
        "/api/orders/{order_id}/cancel",
        summary="Take back a resting entry or target",
        response_model=HandAnswer,
        responses=REFUSED,
    )
    async def cancel(order_id: str, asked: HandRequest | None = None) -> QuietResponse:
        """A stop is never cancelled: move it, or close its trade."""
        body = asked or HandRequest()
        return await hands.once(f"cancel {order_id}", body, partial(asked_for.CancelTradeOrder, order_id=order_id))

    @router.post(
        "/api/positions/adopt",
        summary="Make a position that is not ours a trade of ours",
        response_model=HandAnswer,
        responses=REFUSED,
    )
    async def adopt(asked: AdoptRequest) -> QuietResponse:
        """With a stop on the venue first, then a template's ladder. Only while armed, within every global limit."""
        expires_ns, terms = hands.context.expires_ns(asked.expires_at), stop_terms(asked.stop)
        return await hands.once(
            "adopt",
            asked,
            partial(
                asked_for.Adopt,
                venue=asked.venue.lower(),
                asset=asked.asset,
                template=asked.template or "",
                stop_bps=terms.bps,
                stop_price=terms.price,
                expires_ns=expires_ns,
            ),
        )

    @router.post(
        "/api/alarms",
        summary="Set an alarm of one's own",
        response_model=HandAnswer,
        responses=REFUSED,
    )
    async def set_alarm(asked: AlarmRequest) -> QuietResponse:
        """On a price, the health factor, funding or today's result; it rings once, and may shed risk."""
        action = AlarmAction(asked.action or AlarmAction.RING)
        level = AlarmLevel(AlarmOn(asked.on), asked.level, asked.above, (asked.asset or "").upper(), action)
        return await hands.once("alarm", asked, partial(asked_for.SetAlarm, alarm=level))

    @router.post(
        "/api/alarms/drop",
        summary="Take alarms away",
        response_model=HandAnswer,
        responses=REFUSED,
    )
    async def drop_alarm(asked: AlarmDropRequest | None = None) -> QuietResponse:
        """One by its id, or all of them."""
        body = asked or AlarmDropRequest()
        return await hands.once("drop alarm", body, partial(asked_for.DropAlarm, alarm_id=body.alarm_id or ""))

    return router
