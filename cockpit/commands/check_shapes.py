"""What the contract says of each answer, as types: a field that is missing or of another type fails its check."""

from typing import Any, Literal

import msgspec


class FeedShape(msgspec.Struct):
    """One feed of the health answer."""

    age_s: float | None
    state: Literal["fresh", "late", "stale", "down", "off"]


class HealthShape(msgspec.Struct):
    """`GET /api/health`."""

    status: Literal["healthy", "degraded", "halted"]
    uptime_seconds: float
    active_strategies: int
    risk_gate_status: str
    aave_health_factor: float | None
    session_pnl: float
    mode: Literal["paper", "test", "live"]
    state: Literal["disarmed", "armed", "standing_down", "halted", "flattening"]
    feeds: dict[str, FeedShape]


class StrategyShape(msgspec.Struct):
    """One strategy of the performance answer."""

    name: str
    type: str
    total_trades: int
    total_profit: float
    success_rate: float | None
    avg_execution_time: float | None
    last_trade: str | None
    status: str


class PerformanceShape(msgspec.Struct):
    """`GET /api/strategy/performance`."""

    strategies: list[StrategyShape]
    total_profit: float
    total_trades: int
    session_start: str


class AdjustmentsShape(msgspec.Struct):
    """What the gate made of the amount."""

    original_amount: float
    adjusted_amount: float
    size_multiplier: float
    stop_loss_bps: float


class ExecuteShape(msgspec.Struct):
    """`POST /api/trade/execute`, sent."""

    trade_id: str
    status: str
    profit: float
    execution_time: float | None
    timestamp: str
    validation_warnings: list[str]
    risk_adjustments: AdjustmentsShape


class DeniedShape(msgspec.Struct):
    """The detail of `POST /api/trade/execute`, denied."""

    error: str
    reason: str
    warnings: list[str]
    verdict: dict[str, Any] | None


class UnknownShape(msgspec.Struct):
    """The detail of a 404: the reason holds the known names."""

    error: str
    reason: str


class WrongBodyShape(msgspec.Struct):
    """The detail of a 422."""

    error: str
    reason: str
    fields: list[str]


class UpdateShape(msgspec.Struct):
    """`POST /api/dashboard/update`."""

    success: bool
    dashboard_updated: bool
    timestamp: str


class EventShape(msgspec.Struct):
    """A message of `/ws/dashboard`."""

    event: str
    data: dict[str, Any] = {}
