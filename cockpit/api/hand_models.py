"""What entries by hand and the calls on one trade take and answer."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from cockpit.api.models import (
    WIDEST_STOP_BPS,
    Amount,
    Asked,
    DoneAnswer,
    ExecuteRequest,
    Instant,
    ShortText,
    TargetRequest,
    Text,
    ladder,
)


class EntryTerms(Asked):
    """How a position is entered."""

    type: Annotated[
        Literal["market", "limit"] | None,
        AfterValidator(lambda kind: kind or "market"),
        Field(description="market by default"),
    ] = "market"
    price: Annotated[Amount | None, Field(description="of a limit")] = None
    within_s: Annotated[
        Annotated[float, Field(strict=True, gt=0, le=86_400, allow_inf_nan=False)] | None,
        Field(description="how long a limit waits"),
    ] = None
    post_only: Annotated[bool | None, Field(strict=True, description="the limit rests or is refused")] = None

    @model_validator(mode="after")
    def limit_has_its_price(self) -> Self:
        """Only a limit has a price, and it needs one."""
        if (self.type == "limit") != (self.price is not None):
            raise ValueError(f"expected a price with a limit and none at market, was {self.type} at {self.price}")
        return self


class StopTerms(Asked):
    """Where the first stop is: one of these."""

    bps: Annotated[
        Annotated[float, Field(strict=True, gt=0, le=WIDEST_STOP_BPS, allow_inf_nan=False)] | None,
        Field(description="from the entry"),
    ] = None
    price: Amount | None = None
    setup: Annotated[ShortText | None, Field(description="as far as that setup's would be now")] = None


class ManualRequest(Asked):
    """An entry by hand: a proposal named `manual`, judged by all four layers."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "strategy": "manual",
                    "asset": "BTC",
                    "side": "long",
                    "risk_usd": 0.3,
                    "entry": {"type": "limit", "price": 107900.5, "within_s": 30},
                    "stop": {"bps": 28},
                    "targets": [{"distance_bps": 25, "share_pct": 50}, {"distance_bps": 60, "share_pct": 50}],
                }
            ]
        }
    )

    strategy: Annotated[Literal["manual"] | None, AfterValidator(lambda name: name or "manual")] = "manual"
    asset: Annotated[ShortText, AfterValidator(str.upper), Field(description="base coin, e.g. BTC")]
    side: Literal["long", "short"]
    amount: Annotated[Amount | None, Field(description="notional in USD, before the gate's factors")] = None
    units: Annotated[Amount | None, Field(description="multiples of the base unit; 1 where no size is given")] = None
    risk_usd: Annotated[Amount | None, Field(description="what a full stop loses, fees included")] = None
    entry: EntryTerms | None = None
    stop: Annotated[StopTerms | None, Field(description="the template's where none is given")] = None
    targets: Annotated[
        Annotated[list[TargetRequest], Field(min_length=1, max_length=6)] | None,
        AfterValidator(ladder),
        Field(description="in place of the template's ladder"),
    ] = None
    template: Annotated[ShortText | None, Field(description="a name of `manual.templates` in the config")] = None
    hold_s: Annotated[Amount | None, Field(description="closed at market when so long has passed")] = None
    venue: ShortText | None = None
    mode: Annotated[Literal["paper", "test", "live"] | None, Field(description="refused in another mode")] = None
    id: Annotated[ShortText | None, Field(description="the ticket's: the same id is sent once")] = None
    expires_at: Annotated[Instant | None, Field(description="ISO-8601 or epoch seconds; later it is refused")] = None
    reason: Text | None = None
    by: Annotated[ShortText | None, Field(description="who asks, e.g. a key, a script's name")] = None


def _kind_of_proposal(body: Any) -> str:
    """Which of the two bodies is meant."""
    is_manual = isinstance(body, ManualRequest) or (isinstance(body, dict) and body.get("strategy") == "manual")
    return "manual" if is_manual else "signal"


PreviewRequest = Annotated[
    Annotated[ManualRequest, Tag("manual")] | Annotated[ExecuteRequest, Tag("signal")],
    Discriminator(_kind_of_proposal),
]
"""A body of either kind; `strategy` tells which."""


class TradedAnswer(BaseModel):
    """What would be traded after every factor and whole lots. Break-evens are percent of trades that must win."""

    qty: float
    notional_usd: float
    stop_bps: float
    loss_at_stop_usd: Annotated[float, Field(description="round-trip fees included")]
    fees_usd: Annotated[float, Field(description="taker, both ways")]
    break_even_all: Annotated[
        float | None, Field(description="where a win fills every rung; null where none is enough")
    ]
    break_even_first: Annotated[float | None, Field(description="where a win fills the first, then stops at entry")]


class PreviewAnswer(BaseModel):
    """What the gate would say right now; nothing was sent. `would_send`: approved, and the engine is armed."""

    verdict: dict[str, Any]
    traded: TradedAnswer
    would_send: bool
    not_sent_because: str
    passes: Annotated[list[str], Field(description="the names of the checks by what they say")]
    shrinks: list[str]
    warns: list[str]
    blocks: list[str]


Level = Annotated[float, Field(strict=True, ge=-1e12, le=1e12, allow_inf_nan=False)]


class HandRequest(Asked):
    """Who asks, why, and an `id`: the same id is done once and gets the same answer."""

    id: Annotated[ShortText | None, Field(description="idempotency key")] = None
    by: Annotated[ShortText | None, Field(description="who asks, e.g. a key, a script's name")] = None
    reason: Text | None = None


class CloseRequest(HandRequest):
    """All of it, or a share of what is open."""

    share: Annotated[
        Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)] | None,
        Field(description="0.25, 0.5, 0.75; all of it where none is given"),
    ] = None


class StopMoveRequest(HandRequest):
    """Exactly one of these. A stop only comes nearer."""

    price: Amount | None = None
    to: Annotated[Literal["entry"] | None, Field(description="the entry plus both fees")] = None
    tighter_bps: Annotated[
        Annotated[float, Field(strict=True, gt=0, le=WIDEST_STOP_BPS, allow_inf_nan=False)] | None,
        Field(description="of the entry's price"),
    ] = None

    @model_validator(mode="after")
    def one_of_them(self) -> Self:
        """Where to is said once."""
        said = [name for name in ("price", "to", "tighter_bps") if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(f"expected one of price, to and tighter_bps, was {' and '.join(said) or 'none'}")
        return self


class TrailRequest(HandRequest):
    """One distance, or none: then the stop stays where it is from now on."""

    bps: Annotated[Amount | None, Field(description="of the price it follows")] = None
    r: Annotated[Amount | None, Field(description="times the distance of the first stop")] = None
    ratio: Annotated[
        Annotated[float, Field(strict=True, gt=0, lt=1, allow_inf_nan=False)] | None,
        Field(description="the share of the open profit that it gives back"),
    ] = None

    @model_validator(mode="after")
    def one_at_most(self) -> Self:
        """A distance is said once."""
        said = [name for name in ("bps", "r", "ratio") if getattr(self, name) is not None]
        if len(said) > 1:
            raise ValueError(f"expected one of bps, r and ratio, was {' and '.join(said)}")
        return self


class TargetsRequest(HandRequest):
    """Other targets over what is open; an empty list leaves it to its stop."""

    targets: Annotated[
        Annotated[list[TargetRequest], Field(max_length=6)],
        AfterValidator(lambda targets: ladder(targets) or []),
        Field(description="in bps of the entry, shares of what is open"),
    ]


class TimeStopRequest(HandRequest):
    """When it is closed by time alone."""

    after_s: Annotated[Amount | None, Field(description="seconds from now; null takes the time stop away")] = None


class RiskRequest(HandRequest):
    """A call that opens risk holds until an instant."""

    expires_at: Annotated[Instant | None, Field(description="ISO-8601 or epoch seconds; later it is refused")] = None


class ReverseRequest(RiskRequest):
    """The size and stop of the other side; as an entry by hand where nothing is said."""

    amount: Amount | None = None
    units: Amount | None = None
    risk_usd: Amount | None = None
    stop: StopTerms | None = None
    template: ShortText | None = None


class AdoptRequest(RiskRequest):
    """Which position, and the template of its stop and ladder."""

    venue: ShortText
    asset: Annotated[ShortText, AfterValidator(str.upper)]
    template: ShortText | None = None
    stop: Annotated[StopTerms | None, Field(description="bps or price; the template's where none is given")] = None


class AlarmRequest(HandRequest):
    """Rings once, when what it watches passes the level."""

    on: Literal["price", "health_factor", "funding", "pnl"]
    level: Annotated[Level, Field(description="USD; for funding bps over 8 h")]
    above: Annotated[bool, Field(strict=True, description="at or above it, else at or below")]
    asset: Annotated[ShortText, AfterValidator(str.upper)] | None = None
    action: Annotated[
        Literal["ring", "close", "disarm", "flatten"] | None, Field(description="what it may do: it only sheds risk")
    ] = None


class AlarmDropRequest(HandRequest):
    """One alarm, or all of them."""

    alarm_id: Annotated[ShortText | None, Field(description="`alarms` of /api/snapshot; all where none is given")] = (
        None
    )


class HandAnswer(DoneAnswer):
    """What the engine did, and the trade as it stands now."""

    trade_id: str | None
    verdict_id: str | None
    trade: dict[str, Any] | None
