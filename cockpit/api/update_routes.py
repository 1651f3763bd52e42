"""`POST /api/dashboard/update`: news from outside. It can only tighten, and the answer says what was taken."""

import asyncio

from fastapi import APIRouter

from cockpit.api.context import ApiContext
from cockpit.api.denial import Denied
from cockpit.api.external import read_update
from cockpit.api.models import UpdateAnswer, UpdateRequest

TAKEN_WITHIN_S = 1.0


def update_routes(context: ApiContext) -> APIRouter:
    """The route, working with this room."""
    router = APIRouter(tags=["outside news"])

    @router.post("/api/dashboard/update", summary="Push news from outside")
    async def update(asked: UpdateRequest) -> UpdateAnswer:
        """Readings are marked external: a higher health factor never replaces a lower one of our own, a lower short %
        never a higher one, and both expire. `trade_completed` is passed on to dashboards and touches no book.
        """
        found = read_update(asked, context.host.snapshot())
        try:
            async with asyncio.timeout(TAKEN_WITHIN_S):
                for reading in found.readings:
                    await context.host.push_reading(reading)
        except TimeoutError:
            reason = f"expected room for a reading within {TAKEN_WITHIN_S:g} s, was none: the engine is busy"
            raise Denied(503, "busy", reason) from None
        if found.facts:
            context.hub.announce(f"external_{asked.event}", found.facts)
        return UpdateAnswer(
            success=True,
            dashboard_updated=bool(found.facts),
            timestamp=context.timestamp(),
            taken=found.taken,
            ignored=found.ignored,
        )

    return router
