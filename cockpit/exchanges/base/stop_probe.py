"""Whether a venue can hold a protective stop of ours: one is laid far away from the market, seen, and taken away again.

A venue's list of order types is a promise; one of them was withdrawn overnight. Only the venue's trigger service itself
can say that it takes a stop today.
"""

import itertools
from typing import Protocol

from cockpit.domain.bounded import Recent
from cockpit.domain.kinds import OrderRole, OrderStatus, OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import ErrorOfOrder, RefusalKind, Refused, VenueFailure, VenueOrder
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.order_ids import MARK, PROBE
from cockpit.exchanges.base.timing import Timing

AWAY = 0.9
"""The probe would trigger a tenth below the mark, and is there for less than a second."""
ID_PREFIX = f"{MARK}{PROBE}"


class Probed(Protocol):
    """What the probe needs of its account."""

    venue: str
    timing: Timing

    def listing(self, asset: str) -> Listing:
        """Raises `Refused` for an asset that the venue does not list."""

    async def mark_price(self, asset: str) -> float:
        """What the venue values the asset at."""

    async def place(self, order: OrderRequest, client_id: str) -> VenueOrder:
        """Send one order, once."""

    async def find(self, asset: str, client_id: str, is_conditional: bool) -> VenueOrder | None:
        """One order by our id."""

    async def cancel(self, asset: str, client_id: str, is_conditional: bool) -> None:
        """Cancel one order of ours."""


class StopProbe:
    """`ask` it once an asset before the first entry there."""

    def __init__(self, account: Probed) -> None:
        self._account = account
        self._out: set[str] = set()
        self._laid: Recent[str] = Recent(100)
        self._count = itertools.count()

    def is_out(self, client_id: str) -> bool:
        """Whether an order is a probe of just now: nobody needs to see it in a list."""
        return client_id in self._out

    def laid(self, client_id: str) -> bool:
        """Whether an order is or was a probe: nobody needs to hear of it."""
        return client_id in self._laid

    async def ask(self, asset: str) -> str | None:
        """None where a stop was taken, seen and cancelled; else a sentence. Raises any `VenueFailure` but `Refused`."""
        account = self._account
        client_id = f"{ID_PREFIX}{account.timing.clock() // NS_PER_MS}{next(self._count)}"
        try:
            order = self._far_stop(asset, await account.mark_price(asset))
        except Refused as refused:
            return str(refused)
        self._laid.add(client_id)
        self._out.add(client_id)
        try:
            return await self._lay_and_lift(order, client_id)
        finally:
            self._out.discard(client_id)

    async def _lay_and_lift(self, order: OrderRequest, client_id: str) -> str | None:
        account = self._account
        try:
            await account.place(order, client_id)
        except Refused as refused:
            if refused.kind is RefusalKind.NOTHING_TO_REDUCE:
                return None  # the kind of order is taken; only a position is wanting
            return str(refused)
        except ErrorOfOrder as error:
            await account.cancel(order.asset, client_id, True)
            return str(error)
        except VenueFailure:
            await account.cancel(order.asset, client_id, True)
            raise
        seen = await account.find(order.asset, client_id, True)
        await account.cancel(order.asset, client_id, True)
        if seen is None or seen.status is not OrderStatus.WORKING:
            status = "not in its list" if seen is None else f"{seen.status}"
            return f"{account.venue}: expected a stop on {order.asset} to rest, was {status}"
        after = await account.find(order.asset, client_id, True)
        if after is not None and not after.status.is_final:
            return f"{account.venue}: expected the probe's stop {client_id} cancelled, was {after.status}: remove it"
        return None

    def _far_stop(self, asset: str, mark_price: float) -> OrderRequest:
        listing = self._account.listing(asset)
        return OrderRequest(
            order_id=ID_PREFIX,
            trade_id="",
            venue=self._account.venue,
            asset=asset,
            side=Side.SHORT,
            role=OrderRole.STOP,
            order_type=OrderType.STOP_MARKET,
            qty=listing.coins(listing.least),
            reduce_only=True,
            decided_ns=0,
            decision_price=mark_price,
            trigger_price=mark_price * AWAY,
        )
