"""The registered sources of signals: looking at them, cutting one off, lifting it again."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from cockpit.api.api_router import api_router
from cockpit.api.context import ApiContext
from cockpit.api.control_routes import REFUSED, done
from cockpit.api.models import Asked, DoneAnswer, ShortText, Text
from cockpit.api.quiet_json import quiet_json
from cockpit.domain.commands import CutOffSource, LiftSource

BY = "api"
NO_REASON = "no reason given"


class SourceRequest(Asked):
    """Which source, and why; the journal keeps it."""

    source: Annotated[ShortText, Field(description="its name in the config")]
    reason: Annotated[Text | None, Field(description="required to lift")] = None
    by: Annotated[ShortText | None, Field(description="who asks")] = None


def source_routes(context: ApiContext) -> APIRouter:
    """The routes, working with this room."""
    router = api_router("sources")

    @router.get("/api/sources", summary="The registered sources of signals", response_model=dict[str, Any])
    async def sources() -> Response:
        """What each may do, what it has used of its limits today, and whether it is cut off. Money is USD.

        `scores` are by source and strategy, from the journal (null while it cannot be read): proposals, approved, sent,
        denied by check, win rate, expectancy in R with its 95 % interval, slippage in bps, and what the denied ones
        would have come to in R.
        """
        found = context.host.engine.sources.views(context.host.engine.now_ns)
        scores = await context.pages.source_scores(context.host.config)
        return Response(quiet_json({"sources": found, "scores": scores}), media_type="application/json")

    @router.post("/api/sources/cut-off", summary="Take nothing more of a source", responses=REFUSED)  # type: ignore[arg-type]
    async def cut_off(asked: SourceRequest) -> DoneAnswer:
        """Until it is lifted. Its open trades keep their stops and targets."""
        return await done(
            context,
            lambda now_ns, command_id: CutOffSource(
                now_ns, command_id, asked.by or BY, asked.source, asked.reason or NO_REASON
            ),
        )

    @router.post("/api/sources/lift", summary="Take the signals of a cut-off source again", responses=REFUSED)  # type: ignore[arg-type]
    async def lift(asked: SourceRequest) -> DoneAnswer:
        """Its minute and its day's loss are counted anew from here. Needs a reason."""
        context.check_in_time()
        return await done(
            context,
            lambda now_ns, command_id: LiftSource(now_ns, command_id, asked.by or BY, asked.source, asked.reason or ""),
        )

    return router
