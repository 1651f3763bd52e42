"""The gate's answer to a proposed trade: every check with its numbers."""

import msgspec

from cockpit.domain.kinds import Layer, Mode, Outcome, Side


class Target(msgspec.Struct, frozen=True):
    """One rung of a ladder: `share_pct` of the size leaves `distance_bps` beyond the entry."""

    distance_bps: float
    share_pct: float


class Proposal(msgspec.Struct, frozen=True):
    """A trade somebody wants: a setup of ours or an outside signal. Only the gate turns it into an order.

    `requested_usd` is the notional before any gate factor. `decision_price` is the price the wish was formed at.
    `max_hold_s` closes the trade at market when it is over; `entry_limit_price` makes the entry a limit order that
    waits `entry_wait_s` at the most. `why` is the trigger in words.
    """

    setup: str
    asset: str
    side: Side
    requested_usd: float
    decision_price: float
    stop_bps: float
    targets: tuple[Target, ...]
    why: str = ""
    max_hold_s: float | None = None
    entry_limit_price: float | None = None
    entry_wait_s: float | None = None
    signal_id: str | None = None


class Check(msgspec.Struct, frozen=True):
    """One check's finding. `size_factor` < 1 shrinks the trade, `stop_bps` widens its stop (REDUCE only)."""

    layer: Layer
    name: str
    outcome: Outcome
    observed: str
    limit: str
    sentence: str
    size_factor: float = 1.0
    stop_bps: float | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What the gate decided and why. `reason` is the first denying check's sentence, empty when approved.

    `sent` tells whether an approved trade was really sent; when it was not, `not_sent_because` says why (disarmed).
    `notional_usd` and `qty` are after every factor and rounded down to the venue's lot; both are 0 when denied.
    """

    verdict_id: str
    ts_ns: int
    mode: Mode
    proposal: Proposal
    approved: bool
    reason: str
    reason_check: str
    checks: tuple[Check, ...]
    size_factor: float
    stop_bps: float
    notional_usd: float
    qty: float
    venue: str
    sent: bool = False
    not_sent_because: str = ""
    trade_id: str | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """The sentences of every warning and reduction."""
        return tuple(check.sentence for check in self.checks if check.outcome in (Outcome.WARN, Outcome.REDUCE))
