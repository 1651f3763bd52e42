"""A trade's whole life as one value, replaced at each change."""

from enum import StrEnum

import msgspec

from cockpit.domain.kinds import ExitReason, Mode, RiskOf, Side, TradePhase
from cockpit.domain.verdict import Target


class Rung(msgspec.Struct, frozen=True):
    """One target as placed: where, how much, how much of it has filled."""

    distance_bps: float
    price: float
    qty: float
    filled_qty: float = 0.0
    order_id: str = ""


class TrailBy(StrEnum):
    """What a trailing stop's distance is measured in."""

    BPS = "bps"
    """Of the price it follows."""
    R = "r"
    """Times the distance from the entry to the first stop."""
    RATIO = "ratio"
    """The share of the open profit that it gives back, 0..1."""


class Trail(msgspec.Struct, frozen=True):
    """How far behind the best price a trailing stop stays."""

    by: TrailBy
    distance: float

    @property
    def text(self) -> str:
        """As `20 bps`, `0.5 R`, `0.4 of the profit`."""
        unit = {TrailBy.BPS: "bps", TrailBy.R: "R", TrailBy.RATIO: "of the profit"}[self.by]
        return f"{self.distance:g} {unit}"


class TradeRecord(msgspec.Struct, frozen=True):
    """A trade from decision to close. Money is USD, quantities base coins, `stop_price` where the stop rests now.

    `risk_usd` is 1 R: the trade's own risk, its quantity x the distance to its first stop with round-trip fees; of the
    quantity asked for until it fills. `risk_of` says so: what 0.1.0 wrote counts the base unit's instead. `pnl_usd` is
    realised, net of fees and funding. `slippage_bps` is the entry's, against the decision price, positive = worse than
    decided.
    """

    trade_id: str
    verdict_id: str
    setup: str
    asset: str
    venue: str
    side: Side
    mode: Mode
    phase: TradePhase
    decided_ns: int
    decision_price: float
    asked_qty: float
    stop_bps: float
    initial_stop_price: float
    risk_usd: float
    requested_usd: float
    notional_usd: float
    size_factor: float
    targets: tuple[Target, ...] = ()
    max_hold_s: float | None = None
    entry_order_id: str = ""
    opened_ns: int | None = None
    entry_qty: float = 0.0
    entry_price: float = 0.0
    open_qty: float = 0.0
    exit_qty: float = 0.0
    exit_price: float = 0.0
    stop_price: float | None = None
    stop_order_id: str = ""
    stop_rests_on_venue: bool = False
    stop_unseen: bool = False
    stop_at_entry: bool = False
    rungs: tuple[Rung, ...] = ()
    time_stop_ns: int | None = None
    gross_usd: float = 0.0
    fees_usd: float = 0.0
    funding_usd: float = 0.0
    funding_until_ns: int = 0
    slippage_bps: float = 0.0
    decision_to_fill_ms: float | None = None
    closed_ns: int | None = None
    exit_reason: ExitReason | None = None
    exit_detail: str = ""
    signal_id: str | None = None
    exit_slippage_bps: float | None = None
    """The exits' average against their stops, targets and closing decisions, positive = worse; None where unknown."""
    mae_bps: float | None = None
    """The furthest the market went against the entry while it was open, 0 or more."""
    mfe_bps: float | None = None
    """The same in its favour."""
    entry_fees_usd: float = 0.0
    risk_of: RiskOf = RiskOf.BASE_UNIT
    asked_stop_price: float | None = None
    """A stop that was asked for as a price: it rests there, or nearer where the entry's slippage would cost more."""
    stop_moved: bool = False
    """The stop is nearer than where it began, by hand or trailing: it never goes back."""
    trail: Trail | None = None
    relays_targets: bool = False
    """Its targets are to be laid anew over what is open, once those under way are gone."""
    source: str = ""
    """Who wanted it, as in its proposal."""

    @property
    def pnl_usd(self) -> float:
        """Realised profit, net of fees and funding."""
        return self.gross_usd - self.fees_usd + self.funding_usd

    @property
    def r(self) -> float:
        """Realised profit in R."""
        return self.pnl_usd / self.risk_usd if self.risk_usd > 0 else 0.0

    def open_pnl_usd(self, price: float) -> float:
        """What closing the rest at `price` would add, before its fee."""
        return self.side.sign * (price - self.entry_price) * self.open_qty


def stop_terms(trade: TradeRecord, limit_bps: float | None) -> str:
    """How its stop leaves where that is not at market: `limit_bps` is how far beyond the trigger the limit lies.

    Empty without a stop, and where `limit_bps` is None: then it leaves at market.
    """
    if limit_bps is None or trade.stop_price is None:
        return ""
    return (
        f"stop-limit: its limit lies {limit_bps:g} bps beyond its trigger; where the market gaps through that, it is "
        "taken off and what is left is closed at market"
    )
