"""Funding payments: each told once, and those that were booked while no engine listened told after the restart."""

from collections.abc import Sequence

from cockpit.domain.events import FundingPaid
from cockpit.domain.kinds import VenueTopic
from cockpit.domain.quantity import rounded
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import FundingUpdate, VenueFailure
from cockpit.exchanges.base.timing import within
from cockpit.execution.venue_context import VenueContext

REMEMBERED = 1_000
CENT_USD = 0.005
"""Less than this is no payment that was missed."""


class Funding:
    """What the venue has paid, by asset. A restored trade knows what it was paid; the venue knows what is missing."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._received: dict[FundingUpdate, None] = {}
        self._booked_usd: dict[str, float] = {}
        self._since_ns: dict[str, int] = {}

    def restore(self, trades: Sequence[TradeRecord]) -> None:
        """The open trades of an earlier engine."""
        for trade in trades:
            since_ns = self._since_ns.get(trade.asset, trade.decided_ns)
            self._since_ns[trade.asset] = min(since_ns, trade.decided_ns)
            self._booked_usd[trade.asset] = self._booked_usd.get(trade.asset, 0.0) + trade.funding_usd

    def receive(self, word: FundingUpdate) -> None:
        """A payment, new or not."""
        if word in self._received:
            return
        self._remember(word)
        self._emit(word.asset, word.amount_usd, word.ts_ns)

    def catch_up(self) -> None:
        """The private stream stands: ask once for what was paid since the oldest restored trade began."""
        if self._since_ns:
            since_ns, self._since_ns = self._since_ns, {}
            self._context.in_flight.start("missed funding", self._ask(since_ns))

    async def _ask(self, since_ns: dict[str, int]) -> None:
        context = self._context
        try:
            call = context.account.funding_since(min(since_ns.values()) // NS_PER_MS)
            paid = await within(context.pace.call_within_s, call, "funding")
        except VenueFailure as failure:
            self._since_ns = since_ns
            context.met(failure)
            context.notify(VenueTopic.NOTE, f"{context.venue} funding while no engine ran is not known yet: {failure}")
            return
        words = [word for _, word in paid if word.ts_ns >= since_ns.get(word.asset, word.ts_ns + 1)]
        for asset in since_ns:
            total_usd = sum(word.amount_usd for word in words if word.asset == asset)
            missing_usd = rounded(total_usd - self._booked_usd.get(asset, 0.0))
            if abs(missing_usd) >= CENT_USD:
                self._emit(asset, missing_usd, context.now_ns)
        for word in words:
            self._remember(word)

    def _emit(self, asset: str, amount_usd: float, paid_ns: int) -> None:
        """Stamped with when it was paid: who held the position then is who it belongs to."""
        context = self._context
        self._booked_usd[asset] = self._booked_usd.get(asset, 0.0) + amount_usd
        context.emit([FundingPaid(min(paid_ns, context.now_ns), context.venue, asset, amount_usd, None)])

    def _remember(self, word: FundingUpdate) -> None:
        self._received[word] = None
        if len(self._received) > REMEMBERED:
            del self._received[next(iter(self._received))]
