"""The gate's answer to a proposed trade: every check with its numbers."""

import msgspec

from cockpit.domain.kinds import Layer, Mode, Outcome, Side


class Target(msgspec.Struct, frozen=True):
    """One rung of a ladder: `share_pct` of the size leaves `distance_bps` beyond the entry."""

    distance_bps: float
    share_pct: float


class Proposal(msgspec.Struct, frozen=True):
    """A trade somebody wants: a setup of ours, an outside signal, or a hand. Only the gate turns it into an order.

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
    stop_price: float | None = None
    """A stop asked for as a price; `stop_bps` is its distance from the decision price."""
    post_only: bool = False
    """The entry's limit rests or is refused: it never takes."""
    source: str = ""
    """Who wants it: `setups`, `manual`, `adopted`, a registered source's name, `api` for any other signal.

    Empty in what 0.1.0 wrote."""


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


class Sizing(msgspec.Struct, frozen=True):
    """The three steps of a trade's size: asked, allowed (after factors), traded (after whole lots). Money in USD.

    Losses are at the stop of their step (the one asked, then the one decided), round-trip fees included. Where the
    verdict denies, `qty` is what would have been traded. `notes` say where a factor changed nothing because of lots.
    """

    asset: str
    asked_usd: float
    asked_loss_usd: float
    factor: float
    allowed_usd: float
    allowed_loss_usd: float
    qty: float
    notional_usd: float
    loss_usd: float
    notes: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True):
    """What the gate decided and why. `reason` is the first denying check's sentence, empty when approved.

    `sent` tells whether an approved trade was really sent; when it was not, `not_sent_because` says why (disarmed).
    `notional_usd` and `qty` are after every factor and rounded down to the venue's lot; both are 0 when denied.
    `sizing` is None only in what 0.1.0 wrote.
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
    sizing: Sizing | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """The sentences of every warning and reduction."""
        return tuple(check.sentence for check in self.checks if check.outcome in (Outcome.WARN, Outcome.REDUCE))

    @property
    def size_text(self) -> str:
        """As `asked 29.05 USD, allowed 23.24 (0.8x), traded 0.0002 BTC, 21.68 USD, losing 0.0824 at the stop`."""
        size = self.sizing
        if size is None:
            return f"{self.notional_usd:.2f} USD ({self.size_factor:.3g}x)"
        traded = "traded" if self.approved else "would trade"
        steps = (
            f"asked {size.asked_usd:.2f} USD, allowed {size.allowed_usd:.2f} ({size.factor:.3g}x), "
            f"{traded} {size.qty:.8g} {size.asset}, {size.notional_usd:.2f} USD, losing {size.loss_usd:.4f} at the stop"
        )
        return "; ".join((steps, *size.notes))
