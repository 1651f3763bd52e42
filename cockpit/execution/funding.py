"""Funding payments: each told once, and those that were booked while no engine listened told after the restart."""

from collections.abc import Sequence
from typing import NamedTuple

from cockpit.domain.bounded import Recent
from cockpit.domain.events import FundingPaid
from cockpit.domain.kinds import VenueTopic
from cockpit.domain.quantity import rounded
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.exchanges.base.account import FundingUpdate, VenueFailure
from cockpit.exchanges.base.order_text import plain_id
from cockpit.exchanges.base.timing import BackOff, within
from cockpit.execution.venue_context import VenueContext

REMEMBERED = 1_000
LEAST_USD = 1e-6
"""Less than this is what adding floats leaves."""
ASK_AGAIN_S, LONGEST_PAUSE_S = 1.0, 60.0
CLOCKS_DIFFER_NS = 2 * NS_PER_S
"""One payment told by two engines, each by how far it found the venue's clock from its own. The next is hours away."""


class _Left(NamedTuple):
    """What an earlier engine left of one perpetual: since when it held it, and until when payments are booked.

    `unstamped_usd` were booked before trades noted when.
    """

    since_ns: int
    until_ns: int = 0
    unstamped_usd: float = 0.0


class Funding:
    """What the venue has paid, by asset. A restored trade knows what it was paid; the venue knows what is missing."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._received: Recent[FundingUpdate] = Recent(REMEMBERED)
        self._left: dict[str, _Left] = {}

    def restore(self, trades: Sequence[TradeRecord]) -> None:
        """The open trades of an earlier engine."""
        for trade in trades:
            left = self._left.get(trade.asset, _Left(trade.decided_ns))
            self._left[trade.asset] = _Left(
                min(left.since_ns, trade.opened_ns or trade.decided_ns),
                max(left.until_ns, trade.funding_until_ns),
                left.unstamped_usd + (0.0 if trade.funding_until_ns else trade.funding_usd),
            )

    def receive(self, payment: FundingUpdate) -> None:
        """A payment, new or not."""
        if payment in self._received:
            return
        self._remember(payment)
        self._emit(payment)

    def catch_up(self) -> None:
        """The private stream stands: ask once for what was paid since the oldest restored trade began."""
        if self._left:
            left, self._left = self._left, {}
            self._context.in_flight.start("missed funding", self._ask(left))

    async def _ask(self, left: dict[str, "_Left"]) -> None:
        """Until the venue answers: no later payment of the stream brings what was paid before it stood."""
        context, back_off = self._context, BackOff(ASK_AGAIN_S, LONGEST_PAUSE_S)
        while True:
            try:
                since_ns = min(one.since_ns for one in left.values()) - CLOCKS_DIFFER_NS
                call = context.account.funding_since(since_ns // NS_PER_MS)
                paid = await within(context.pace.call_within_s, call, "funding")
                break
            except VenueFailure as failure:
                context.met(failure)
                what = f"{context.venue} funding while no engine ran is not known yet: {failure}"
                context.notify(VenueTopic.NOTE, what)
                await context.timing.sleep(back_off.failed())
        for asset, one in left.items():
            payments = [
                payment for _, payment in paid if payment.asset == asset and self._paid_ns(payment) >= one.since_ns
            ]
            self._catch_up(one, sorted(payments, key=lambda payment: payment.ts_ns))

    def _catch_up(self, left: "_Left", payments: Sequence[FundingUpdate]) -> None:
        """Each payment that the books do not have, at the time it was paid."""
        booked_usd = left.unstamped_usd
        for payment in payments:
            is_booked = self._paid_ns(payment) <= left.until_ns + CLOCKS_DIFFER_NS or payment in self._received
            paid_usd = payment.amount_usd or 0.0
            if not is_booked and abs(booked_usd) > LEAST_USD and booked_usd * paid_usd > 0:
                # Booked by an engine that did not note when: the oldest payments are those.
                booked_usd, is_booked = rounded(booked_usd - paid_usd), True
            self._remember(payment)
            if not is_booked:
                self._emit(payment)

    def _emit(self, payment: FundingUpdate) -> None:
        """Stamped with when it was paid: who held the position then is who it belongs to."""
        context = self._context
        if payment.amount_usd is not None:
            paid_ns = self._paid_ns(payment)
            context.emit([FundingPaid(paid_ns, context.venue, payment.asset, payment.amount_usd, None)])
            return
        amount, coin = payment.booked
        what = f"{context.venue}: funding of {amount:+.10g} {plain_id(coin)} on {plain_id(payment.asset)}"
        told = f"{what} not converted, no price of {plain_id(coin)} known: it is in no trade's result"
        context.notify(VenueTopic.NOTE, told, is_grave=True)

    def _paid_ns(self, payment: FundingUpdate) -> int:
        """When it was paid in the session's time, in which the trades began and ended that it may belong to."""
        return min(self._context.account.by_our_clock(payment.ts_ns), self._context.now_ns)

    def _remember(self, payment: FundingUpdate) -> None:
        self._received.add(payment)
