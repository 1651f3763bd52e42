"""Looking: health, performance, the snapshot, the gate log, the trades, metrics. Nothing here changes anything."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from cockpit.api.api_router import api_router
from cockpit.api.context import ApiContext
from cockpit.api.messages import trade_data
from cockpit.api.models import HealthAnswer, PerformanceAnswer
from cockpit.api.previews import manual_view
from cockpit.api.quiet_json import quiet_json
from cockpit.api.stats import health_of, performance_of
from cockpit.domain.kinds import EngineState, FeedState, Mode
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import ProcessView
from cockpit.domain.trades import TradeRecord, stop_terms
from cockpit.runtime.loop_holds import Hold

# Prometheus metrics: gauges read from the snapshot at the moment of the scrape, and the API's own counts.
#
# What is unknown is left out: a missing sample says so, a zero would lie.

Family = GaugeMetricFamily | CounterMetricFamily
Samples = Iterable[tuple[tuple[str, ...], float | None]]


class Metrics:
    """One registry of its own: nothing else of the process shows up in it."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self, context: ApiContext) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Readings(context))

    def text(self) -> bytes:
        """Everything as of now."""
        return generate_latest(self._registry)


class _Readings(Collector):
    def __init__(self, context: ApiContext) -> None:
        self._context = context

    def describe(self) -> Iterable[Family]:
        return ()

    def collect(self) -> Iterator[Family]:
        snapshot, process = self._context.host.snapshot(), self._context.host.process()
        yield from _trading(snapshot)
        yield from _states(snapshot)
        yield from _process(process)
        yield from _holds(self._context.host.watchdog.holds.holds)
        yield from self._api()

    def _api(self) -> Iterator[Family]:
        counters, log = self._context.counters, self._context.log
        yield _counts("verdicts", "gate verdicts", ("outcome", "check"), counters.verdicts.items())
        refused = [((reason,), count) for reason, count in log.refused.items()]
        yield _counts("api_refused", "calls refused", ("reason",), refused)
        answers = [((str(status),), count) for status, count in counters.answers.items()]
        yield _counts("api_answers", "HTTP answers", ("status",), answers)
        yield _counts("ws_dropped", "WebSocket clients let go", ("socket", "reason"), counters.dropped.items())
        clients = [((name,), counters.clients[name]) for name in ("stream", "dashboard")]
        yield _gauges("ws_clients", "WebSocket clients connected", ("socket",), clients)


def _trading(snapshot: Snapshot) -> Iterator[Family]:
    account = snapshot.account
    values: dict[str, tuple[str, float | None]] = {
        "session_pnl_usd": ("realised this session, net", account.realised_usd),
        "open_pnl_usd": ("open trades, marked to market", snapshot.open_pnl_usd),
        "drawdown_usd": ("from the session's equity peak", snapshot.drawdown_usd),
        "drawdown_limit_usd": ("where the kill switch is", snapshot.drawdown_limit_usd),
        "exposure_usd": ("notional of open trades", snapshot.exposure_usd),
        "open_trades": ("trades open", len(snapshot.open_trades)),
        "trades_today": ("trades this UTC day", account.trades_today),
        "consecutive_losses": ("losses in a row", account.consecutive_losses),
        "aave_health_factor": ("the watched wallet's", snapshot.health.value),
        "engine_time_seconds": ("the engine's clock", snapshot.ts_ns / 1e9),
    }
    for name, (text, value) in values.items():
        yield _gauges(name, text, (), [((), value)])


def _states(snapshot: Snapshot) -> Iterator[Family]:
    modes = [((mode.value,), float(snapshot.mode is mode)) for mode in Mode]
    yield _gauges("mode", "1 for the engine's mode", ("mode",), modes)
    states = [((state.value,), float(snapshot.state is state)) for state in EngineState]
    yield _gauges("state", "1 for the engine's state", ("state",), states)
    ages = [((feed.name,), feed.age_s) for feed in snapshot.feeds]
    yield _gauges("feed_age_seconds", "since a feed's last datum", ("feed",), ages)
    fresh = [((feed.name,), float(feed.state is FeedState.FRESH)) for feed in snapshot.feeds]
    yield _gauges("feed_fresh", "1 while a feed is fresh", ("feed",), fresh)


def _process(process: ProcessView) -> Iterator[Family]:
    yield _gauges("info", "what runs", ("version", "feed"), [((process.version, process.feed), 1.0)])
    values: dict[str, tuple[str, float | None]] = {
        "uptime_seconds": ("since the process started", process.uptime_s),
        "queue_length": ("events waiting for the engine", process.queue_length),
        "journal_pending": ("records not yet in the journal", process.journal_pending),
        "journal_ok": ("1 while the journal takes what it is given", float(process.journal_ok)),
        "recording_ok": ("1 while the recording is written", float(not process.recording_error)),
        "tick_to_verdict_p99_ms": ("taking an event to having decided", process.tick_to_verdict_p99_ms),
    }
    for name, (text, value) in values.items():
        yield _gauges(name, text, (), [((), value)])
    yield _counts("stalls", "event loop stalls over 100 ms", (), [((), process.stalls_total)])
    yield _counts("engine_faults", "defects met in the engine", (), [((), process.faults)])
    up = [((task.name,), float(task.state == "running")) for task in process.tasks]
    yield _gauges("task_up", "1 while a task runs", ("task",), up)
    restarts = [((task.name,), float(task.restarts)) for task in process.tasks]
    yield _counts("task_restarts", "restarts of a task", ("task",), restarts)


def _holds(holds: Mapping[str, Hold]) -> Iterator[Family]:
    counts = [((what,), float(hold.times)) for what, hold in holds.items()]
    yield _counts("loop_holds", "times that the event loop was held over 2 ms", ("what",), counts)
    longest = [((what,), hold.longest_ms) for what, hold in holds.items()]
    yield _gauges("loop_held_longest_ms", "the longest of them", ("what",), longest)


def _gauges(name: str, text: str, labels: tuple[str, ...], samples: Samples) -> Family:
    family = GaugeMetricFamily(f"cockpit_{name}", text, labels=labels)
    return _filled(family, samples)


def _counts(name: str, text: str, labels: tuple[str, ...], samples: Samples) -> Family:
    family = CounterMetricFamily(f"cockpit_{name}", text, labels=labels)
    return _filled(family, samples)


def _filled(family: Family, samples: Samples) -> Family:
    for labels, value in samples:
        if value is not None:
            family.add_metric(labels, value)
    return family


Limit = Annotated[int, Query(ge=1, le=200, description="how many, newest first")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="how many newer ones to leave out")]


RULES = {
    *("session", "enabled", "regime", "thesis", "bias", "bands", "capital", "limits", "gate", "modes", "feeds"),
    *("setups", "external_strategies", "sources", "assets", "kill_switch", "cold_storage"),
}
"""The sections of a config that are rules."""


def read_routes(context: ApiContext) -> APIRouter:
    """The routes, over this engine."""
    router = api_router("looking")
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

    @router.get("/api/manual", summary="What entries by hand are made of", response_model=dict[str, Any])
    async def manual() -> dict[str, Any]:
        """Whether they are allowed, the sizes at hand, the templates of stop and ladder, the base unit in USD."""
        return manual_view(context.host.config)

    @router.get("/api/rules", summary="The rules in force", response_model=dict[str, Any])
    async def rules() -> Response:
        """Capital, limits, thresholds, modes, setups and registered strategies, as the config has them. No secret is in
        a config.
        """
        return _json(context.host.config.model_dump(mode="json", include=RULES))

    @router.get("/api/gate", summary="Every check of the gate", response_model=dict[str, Any])
    async def gate() -> Response:
        """Each check's layer, name and the limit in force now, by setup: what it would say to it is in the snapshot."""
        engine = context.host.engine
        checks = {
            name: [{"layer": one.layer, "name": one.name, "limit": one.limit} for one in engine.probe(name).checks]
            for name in engine.setups
        }
        return _json({"checks": checks})

    @router.get("/api/report", summary="What the journal shows", response_model=dict[str, Any])
    async def report() -> Response:
        """As `cockpit report --json`: trades, win rate, P&L, R, fees, slippage, rejections, violations, the way up."""
        return Response(await context.pages.report(context.host.config), media_type="application/json")

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
        """The newest decision first, from the journal (or from memory while it cannot be read: `source`).

        `stop_terms`: how an open trade's stop leaves, where that is not at market.
        """
        found, source = await context.pages.trades(limit, offset)
        return _page("trades", [_trade(context, trade) for trade in found], limit, offset, source)

    @router.get("/metrics", summary="For Prometheus", response_class=Response)
    async def prometheus() -> Response:
        """Gauges as of now, and counters since the start, in Prometheus' text format."""
        return Response(metrics.text(), media_type=metrics.media_type)

    return router


def _trade(context: ApiContext, trade: TradeRecord) -> dict[str, Any]:
    """A trade, and while it is open how its stop leaves."""
    limit_bps = context.host.config.stop_limit_bps(trade.venue, trade.mode)
    terms = "" if trade.closed_ns is not None else stop_terms(trade, limit_bps)
    return {**trade_data(trade), "stop_terms": terms or None}


def _page(name: str, found: Sequence[Any], limit: int, offset: int, source: str) -> Response:
    return _json({name: found, "limit": limit, "offset": offset, "source": source})


def _json(value: Any) -> Response:
    return Response(quiet_json(value), media_type="application/json")
