"""How the engine does and what its strategies came to, as the contract's clients read it."""

from cockpit.api.context import ApiContext
from cockpit.api.models import FeedAnswer, HealthAnswer, PerformanceAnswer, StrategyAnswer
from cockpit.api.scoreboard import Score
from cockpit.domain.kinds import EngineState, FeedState
from cockpit.domain.process_problems import process_problems
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import ProcessView
from cockpit.domain.units import utc_text

HALTED_STATES = (EngineState.HALTED, EngineState.FLATTENING)
BAD_FEEDS = (FeedState.STALE, FeedState.DOWN)


def health_of(context: ApiContext) -> HealthAnswer:
    """The engine and its process at one look."""
    snapshot, process, config = context.host.snapshot(), context.host.process(), context.host.config
    problems = _problems(snapshot, process)
    setups = sum(len(setup.traded) for setup in config.setups.values() if setup.enabled)
    is_halted = snapshot.state in HALTED_STATES
    return HealthAnswer(
        status="halted" if is_halted else "degraded" if problems else "healthy",
        uptime_seconds=process.uptime_s,
        active_strategies=setups + len(config.external_strategies) if config.enabled else 0,
        risk_gate_status="active" if snapshot.state is EngineState.ARMED else snapshot.state.value,
        aave_health_factor=snapshot.health.value,
        session_pnl=snapshot.account.realised_usd,
        mode=snapshot.mode.value,
        state=snapshot.state.value,
        feeds={feed.name: FeedAnswer(age_s=feed.age_s, state=feed.state.value) for feed in snapshot.feeds},
        open_pnl=snapshot.open_pnl_usd,
        reason=snapshot.state_reason,
        problems=problems,
        version=process.version,
    )


def performance_of(context: ApiContext) -> PerformanceAnswer:
    """Every setup and every registered outside strategy, traded or not, and whatever else has a trade."""
    snapshot, config = context.host.snapshot(), context.host.config
    rows = [(view.name, _kind(context, view.name), view.phase.value) for view in snapshot.setups]
    outside = "registered" if config.enabled else "off"
    rows += [(strategy.name, strategy.type, outside) for strategy in config.external_strategies]
    known = {name for name, _, _ in rows}
    rows += [(name, "unknown", "not in this config") for name in context.scoreboard.names if name not in known]
    strategies = [_row(name, kind, status, context.scoreboard.score(name)) for name, kind, status in rows]
    return PerformanceAnswer(
        strategies=strategies,
        total_profit=sum(row.total_profit for row in strategies),
        total_trades=sum(row.total_trades for row in strategies),
        session_start=utc_text(snapshot.account.session_started_ns),
        source=context.scoreboard.source,
    )


def _row(name: str, kind: str, status: str, score: Score) -> StrategyAnswer:
    return StrategyAnswer(
        name=name,
        type=kind,
        total_trades=score.total_trades,
        total_profit=score.total_profit_usd,
        success_rate=score.success_rate,
        avg_execution_time=score.mean_fill_s,
        last_trade=utc_text(score.last_ns) if score.last_ns is not None else None,
        status=status,
        open_trades=score.open_trades,
    )


def _kind(context: ApiContext, name: str) -> str:
    return context.host.config.setups[context.host.engine.setups[name].config_name].kind


def _problems(snapshot: Snapshot, process: ProcessView) -> list[str]:
    """Why the engine is not plainly healthy. A feed that is off is none: it was never configured."""
    found = [cause.sentence for cause in snapshot.stand_downs]
    found += [f"feed {feed.name} is {feed.state.value}" for feed in snapshot.feeds if feed.state in BAD_FEEDS]
    return [*found, *process_problems(process)]
