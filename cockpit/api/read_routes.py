"""Looking: health, performance, the snapshot, the gate log, the trades, metrics. Nothing here changes anything."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from cockpit.api.context import ApiContext
from cockpit.api.messages import trade_data
from cockpit.api.metrics import Metrics
from cockpit.api.models import HealthAnswer, PerformanceAnswer
from cockpit.api.quiet_json import quiet_json
from cockpit.api.stats import health_of, performance_of

Limit = Annotated[int, Query(ge=1, le=200, description="how many, newest first")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="how many newer ones to leave out")]


def read_routes(context: ApiContext) -> APIRouter:
    """The routes, working with this room."""
    router = APIRouter(tags=["looking"])
    metrics = Metrics(context)

    @router.get("/api/health", summary="How the engine does")
    async def health() -> HealthAnswer:
        """Always 200 while the engine answers; `status` and `problems` say how it does."""
        return health_of(context)

    @router.get("/api/strategy/performance", summary="What each strategy's trades came to")
    async def performance() -> PerformanceAnswer:
        """Every setup and every registered outside strategy; `source` says which trades are counted."""
        return performance_of(context)

    @router.get("/api/snapshot", summary="Everything a screen shows, at one instant", response_model=dict[str, Any])
    async def snapshot() -> Response:
        """The snapshot of the screens' stream, as JSON."""
        return _json(context.host.snapshot())

    @router.get("/api/process", summary="How the engine's process does", response_model=dict[str, Any])
    async def process() -> Response:
        """Tasks, stalls, queue, journal, recording, latency."""
        return _json(context.host.process())

    @router.get("/api/verdicts", summary="The gate log with every check", response_model=dict[str, Any])
    async def verdicts(limit: Limit = 50, offset: Offset = 0) -> Response:
        """Newest first, from the journal (or from memory while it cannot be read: `source`)."""
        found, source = await context.pages.verdicts(limit, offset)
        return _page("verdicts", found, limit, offset, source)

    @router.get("/api/trades", summary="The trades", response_model=dict[str, Any])
    async def trades(limit: Limit = 50, offset: Offset = 0) -> Response:
        """The newest decision first, from the journal (or from memory while it cannot be read: `source`)."""
        found, source = await context.pages.trades(limit, offset)
        return _page("trades", [trade_data(trade) for trade in found], limit, offset, source)

    @router.get("/metrics", summary="For Prometheus", response_class=Response)
    async def prometheus() -> Response:
        """Gauges as of now, and counters since the start, in Prometheus' text format."""
        return Response(metrics.text(), media_type=metrics.media_type)

    return router


def _page(name: str, found: Sequence[Any], limit: int, offset: int, source: str) -> Response:
    return _json({name: found, "limit": limit, "offset": offset, "source": source})


def _json(value: Any) -> Response:
    return Response(quiet_json(value), media_type="application/json")
