"""What the API takes and answers, as pydantic models: the edge where junk is turned away, and the source of /docs."""

import math
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cockpit.config.setups import SHARE_TOLERANCE_PCT

LATEST_EPOCH_S = 1e11
WIDEST_STOP_BPS = 500


PRINTABLE = {"pattern": r"^[^\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]*$"}
"""What a program reads of `_plain`: no control characters; tabs and newlines become a space."""


def _plain(text: str) -> str:
    """One line without anything that could steer a terminal or a log."""
    text = " ".join(text.split())
    if not text.isprintable():
        raise ValueError("expected printable text, was something with control characters")
    return text


def _instant(value: float | str) -> float:
    """Unix seconds of epoch seconds or ISO-8601 text; without a zone it is UTC."""
    if isinstance(value, str):
        try:
            stamp = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("expected ISO-8601 or epoch seconds, was other text") from None
        value = (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
    if not (math.isfinite(value) and 0 <= value <= LATEST_EPOCH_S):
        raise ValueError("expected an instant after 1970 in epoch seconds, was out of range")
    return value


Text = Annotated[str, Field(strict=True, max_length=500, json_schema_extra=PRINTABLE), AfterValidator(_plain)]
ShortText = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=128, json_schema_extra=PRINTABLE),
    AfterValidator(_plain),
    Field(min_length=1),
]
Amount = Annotated[float, Field(strict=True, gt=0, le=1e9, allow_inf_nan=False)]
Instant = Annotated[
    Annotated[float, Field(strict=True)] | Annotated[str, Field(strict=True, max_length=64)],
    AfterValidator(_instant),
]


class Asked(BaseModel):
    """A body. A field it does not know is refused by name; null is the same as absent where a field is optional."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TargetRequest(Asked):
    """One rung of a ladder."""

    distance_bps: Annotated[float, Field(strict=True, gt=0, le=10_000, allow_inf_nan=False)]
    share_pct: Annotated[float, Field(strict=True, gt=0, le=100, description="of the size that leaves there")]


def ladder(targets: list[TargetRequest] | None) -> list[TargetRequest] | None:
    """Rungs that run outward and take no more than the whole size."""
    if targets is None:
        return None
    distances, total = [rung.distance_bps for rung in targets], sum(rung.share_pct for rung in targets)
    if total > 100.0 + SHARE_TOLERANCE_PCT:
        raise ValueError(f"expected share_pct that add up to at most 100, was {total:g}")
    if distances != sorted(set(distances)):
        raise ValueError(f"expected distance_bps that rise, was {distances}")
    return targets


class EntryRequest(Asked):
    """How to enter, in place of at market."""

    type: Annotated[Literal["limit"] | None, AfterValidator(lambda kind: kind or "limit")] = "limit"
    price: Annotated[float, Field(strict=True, gt=0, le=1e9, allow_inf_nan=False, description="USD")]
    within_s: Annotated[float, Field(strict=True, gt=0, le=86_400, allow_inf_nan=False, description="then it is gone")]


class ExecuteRequest(Asked):
    """An outside signal. It can only propose: the gate decides, and sizes it down."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "strategy": "Cross-Exchange Arbitrage",
                    "pair": "BTC/USD",
                    "amount": 50,
                    "side": "long",
                    "mode": "paper",
                }
            ]
        }
    )

    strategy: Annotated[ShortText, Field(description="a registered name, see /api/strategy/performance")]
    pair: Annotated[ShortText, Field(description="BASE/QUOTE, one of the strategy's registered pairs")]
    amount: Annotated[Amount, Field(description="notional in USD, before the gate's factors")]
    side: Annotated[
        Literal["auto", "long", "short"] | None,
        AfterValidator(lambda side: side or "auto"),
        Field(description="auto, the default, takes the strategy's registered side"),
    ] = "auto"
    mode: Annotated[
        Literal["paper", "test", "live"] | None,
        AfterValidator(lambda mode: mode or "paper"),
        Field(description="must be the engine's mode; paper by default"),
    ] = "paper"
    exchanges: Annotated[list[ShortText] | None, Field(max_length=10, description="venues to try, in order")] = None
    id: Annotated[ShortText | None, Field(description="idempotency key: the same id gets the same answer")] = None
    expires_at: Annotated[Instant | None, Field(description="ISO-8601 or epoch seconds; later it is refused")] = None
    stop_bps: Annotated[
        Annotated[float, Field(strict=True, gt=0, le=WIDEST_STOP_BPS, allow_inf_nan=False)] | None,
        Field(description="no wider than the strategy's registered stop, which is the default"),
    ] = None
    stop_price: Annotated[
        Annotated[float, Field(strict=True, gt=0, le=1e9, allow_inf_nan=False)] | None,
        Field(description="USD, in place of stop_bps; no further from the entry than the registered stop"),
    ] = None
    entry: Annotated[
        EntryRequest | None, Field(description="a limit entry, where the strategy is registered for one")
    ] = None
    hold_s: Annotated[
        Annotated[float, Field(strict=True, gt=0, le=86_400 * 30, allow_inf_nan=False)] | None,
        Field(description="seconds until it is closed at market; no longer than the registered max_hold_s"),
    ] = None
    targets: Annotated[
        Annotated[list[TargetRequest], Field(min_length=1, max_length=6)] | None,
        AfterValidator(ladder),
        Field(description="in place of the registered ladder; what no rung takes stays until the stop or the time"),
    ] = None
    reason: Annotated[
        Annotated[str, Field(strict=True, max_length=200, json_schema_extra=PRINTABLE), AfterValidator(_plain)] | None,
        Field(description="why, in the sender's words, printable: shown in the verdict"),
    ] = None
    confidence: Annotated[
        Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)] | None,
        Field(description="the sender's own, 0..1: recorded and shown, it decides nothing"),
    ] = None


class CommandRequest(Asked):
    """Why, and who asks; both end up in the journal.

    `expires_at` is heeded by what opens risk (arm, resume, a climb); what sheds it is done whenever it arrives.
    """

    reason: Annotated[Text | None, Field(description="required by resume")] = None
    by: Annotated[ShortText | None, Field(description="who asks, e.g. a key, a script's name")] = None
    expires_at: Annotated[
        Instant | None, Field(description="ISO-8601 or epoch seconds; later arm, resume and a climb are refused")
    ] = None


class ModeRequest(CommandRequest):
    """A mode to change to. Refused with open trades; going up needs the journal's evidence or an override reason."""

    mode: Literal["paper", "test", "live"]
    override_reason: Annotated[Text | None, Field(description="climb without the evidence; journalled")] = None


class BandsRequest(Asked):
    """Which proposal to put into force: the one that was looked at, by its id."""

    asset: Annotated[ShortText, Field(description="base coin, e.g. BTC")]
    proposal_id: Annotated[ShortText, Field(description="`proposed_bands.proposal_id` of the asset in /api/snapshot")]
    by: Annotated[ShortText | None, Field(description="who asks, e.g. a key, a script's name")] = None


class StopRequest(CommandRequest):
    """How to end the engine while positions are open: exactly one of the two is needed then."""

    flatten: Annotated[bool | None, Field(strict=True, description="close everything first")] = None
    leave_stops: Annotated[bool | None, Field(strict=True, description="leave positions to their stops")] = None


class UpdateRequest(Asked):
    """News from an outside dashboard. Readings are marked external and can only tighten."""

    event: Literal["trade_completed", "market_update", "health_factor_update"]
    data: Annotated[
        dict[str, Any],
        Field(
            description="market_update: asset, short_pct and/or long_pct; health_factor_update: health_factor; "
            "trade_completed: flat facts that are passed on to dashboards and touch no book"
        ),
    ]


class RiskAdjustments(BaseModel):
    """What the gate made of the amount."""

    original_amount: float
    adjusted_amount: float
    size_multiplier: float
    stop_loss_bps: float
    allowed_amount: Annotated[float, Field(description="after every factor; whole lots of it are the adjusted amount")]
    loss_at_stop: Annotated[float, Field(description="USD lost at the first stop, round-trip fees included")]
    steps: Annotated[str, Field(description="asked, allowed and traded in words")]


class ExecuteAnswer(BaseModel):
    """A trade that was sent. `profit` is realised so far, fees included; `execution_time` decision to fill, seconds."""

    trade_id: str
    status: Annotated[str, Field(description="opening, open, closing, closed, or abandoned: the entry never filled")]
    profit: float
    execution_time: Annotated[float | None, Field(description="null while the entry has not filled")]
    timestamp: str
    validation_warnings: list[str]
    risk_adjustments: RiskAdjustments


class DenialDetail(BaseModel):
    """Why nothing was sent; the verdict lists every check, and is null where the gate was never asked."""

    error: str
    reason: str
    warnings: list[str]
    verdict: dict[str, Any] | None


class Denial(BaseModel):
    """A signal that became no trade."""

    detail: DenialDetail


class RefusalDetail(BaseModel):
    """A short word and a sentence that says what was expected and what was found."""

    model_config = ConfigDict(extra="allow")

    error: str
    reason: str


class RefusalAnswer(BaseModel):
    """A call that was not carried out."""

    detail: RefusalDetail


class UnknownStrategyDetail(RefusalDetail):
    """The name is not registered; these are."""

    known: list[str]


class UnknownStrategy(BaseModel):
    """404 of the execute call."""

    detail: UnknownStrategyDetail


class BodyProblem(BaseModel):
    """One thing wrong with a body: where, and what was expected."""

    loc: list[str | int]
    msg: str
    type: str


class InvalidDetail(RefusalDetail):
    """What is wrong with a body or a parameter: in words, the fields by name, and each problem as it was found."""

    fields: list[str]
    problems: list[BodyProblem]


class Invalid(BaseModel):
    """422."""

    detail: InvalidDetail


class FeedAnswer(BaseModel):
    """One feed: its age (null before its first datum) and state: fresh, late, stale, down or off."""

    age_s: float | None
    state: str


class HealthAnswer(BaseModel):
    """How the engine does. `problems` says in sentences why it is not plainly healthy."""

    status: Literal["healthy", "degraded", "halted"]
    uptime_seconds: float
    active_strategies: Annotated[int, Field(description="enabled setups and registered outside strategies")]
    risk_gate_status: Annotated[str, Field(description="active when armed, else what keeps entries out")]
    aave_health_factor: Annotated[float | None, Field(description="null where unknown, unwatched, or without debt")]
    session_pnl: Annotated[float, Field(description="USD realised this session, net of fees and funding")]
    mode: str
    state: str
    feeds: dict[str, FeedAnswer]
    open_pnl: float | None
    reason: str
    problems: list[str]
    version: str


class StrategyAnswer(BaseModel):
    """One setup or registered outside strategy, and what its trades came to."""

    name: str
    type: str
    total_trades: int
    total_profit: float
    success_rate: Annotated[float | None, Field(description="winners among the closed trades, 0..1; null before one")]
    avg_execution_time: Annotated[float | None, Field(description="decision to fill, seconds; null before a fill")]
    last_trade: Annotated[str | None, Field(description="when its last trade opened or closed")]
    status: str
    open_trades: int


class PerformanceAnswer(BaseModel):
    """Every strategy's record. `source` says over what."""

    strategies: list[StrategyAnswer]
    total_profit: float
    total_trades: int
    session_start: str
    source: str


class Ignored(BaseModel):
    """Something of an update that was not taken, and why."""

    what: str
    why: str


class UpdateAnswer(BaseModel):
    """What became of an update. `dashboard_updated`: whether dashboards were told or a reading was taken."""

    success: bool
    dashboard_updated: bool
    timestamp: str
    taken: list[str]
    ignored: list[Ignored]


class DoneAnswer(BaseModel):
    """What the engine did, in its own words, and where that left it."""

    ok: bool
    command: str
    sentence: str
    mode: str
    state: str
    timestamp: str
