"""Coins are sold: once, never more than ours, and what is not sold is guarded again.

Spot has no order that only reduces, and a stop holds the coins it would sell: a sale takes the stops off that hold what
it needs, waits until the venue says that they are off, sells, and lays again what it has not sold; the same where the
sale is refused, or nobody answers it. Between the two those coins stand bare, for as long as the venue takes to answer
three calls.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import ns_to_seconds, seconds_to_ns
from cockpit.exchanges.base.account import Ambiguous, NotSent, RefusalKind, Refused, VenueFailure, VenueOrder
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.timing import within
from cockpit.exchanges.coinbase.spot_books import Doubt, OwnOrder, trade_of
from cockpit.exchanges.coinbase.spot_holdings import QUANTITY
from cockpit.exchanges.coinbase.spot_orders import size_text, spot_body
from cockpit.exchanges.coinbase.spot_stops import (
    ANSWER_WITHIN_S,
    OFF_WITHIN_S,
    POLL_EVERY_S,
    SALE_FIRST_S,
    SpotStops,
)

READ_EVERY_S = 0.25
"""A sale of which the venue has not said that by then."""
ARRIVED_WITHIN_S = 5.0
"""A sale that is in no list for so long has never arrived."""


class SpotExits(SpotStops):
    """The sales. `CoinbaseSpotAccount` is the rest of the account."""

    async def _sell(self, listing: Listing, order: OrderRequest, client_id: str) -> VenueOrder:
        """Once, and never more than is ours: a second order under its id is the first one."""
        try:
            return await self._sell_now(listing, order, client_id)
        except NotSent as failure:
            if failure.asked_until_ns is not None:
                first_s = (failure.retry_after_s or 0.0) + SALE_FIRST_S
                self._sale_first_ns[trade_of(client_id)] = self.timing.clock() + seconds_to_ns(first_s)
            raise

    async def _sell_now(self, listing: Listing, order: OrderRequest, client_id: str) -> VenueOrder:
        async with self._swap(listing, is_sale=True):
            if not self._is_read:
                await self._read_orders()
            await self._settle_doubts(order.asset, listing, client_id)
            self._check_least(order)
            size_text(listing, order.qty)
            stops = await self._take_off(listing, order.qty, client_id)
            try:
                try:
                    return await self._as_much_as_is_there(listing, order, client_id)
                except Refused:
                    unheard = await self._take_off(listing, order.qty, client_id)
                    stops += unheard
                    if not unheard:
                        raise
                return await self._as_much_as_is_there(listing, order, client_id)
            finally:
                if stops:
                    await self._guard_the_rest(listing, stops, client_id)

    async def _as_much_as_is_there(self, listing: Listing, order: OrderRequest, client_id: str) -> VenueOrder:
        """What is known of it may be old: it is read before less than was asked is sold, or nothing."""
        if self._books.free(order.asset, listing) < order.qty - QUANTITY:
            await self._read_what_is_ours()
        return await self._sent_for(
            listing,
            order,
            self._books.free(order.asset, listing),
            lambda size: self._sold(order, spot_body(listing, order, size, client_id)),
        )

    def _check_least(self, order: OrderRequest) -> None:
        """A sale that the venue would not take is refused before a stop leaves for it."""
        price = order.limit_price or order.decision_price or self._books.bought(order.asset).entry_price
        if self._books.is_dust(order.asset, order.qty, price):
            terms = self._books.terms[order.asset]
            least = f"{terms.least:g} {order.asset} and {terms.least_usd:g} USD"
            what = f"{order.qty:.10g} at {price:g}, {order.qty * price:.2f} USD"
            raise Refused(RefusalKind.TOO_SMALL, "", f"{order.asset}: expected at least {least}, was {what}")

    async def _sold(self, order: OrderRequest, body: dict[str, Any]) -> VenueOrder:
        """Sent again under its id where nobody answered: whichever arrives first is the only one. Then it is looked
        for; one that is still nowhere is in doubt, and no other sale leaves before that is settled.
        """
        client_id = body["client_order_id"]
        for _ in range(2):
            try:
                return await within(ANSWER_WITHIN_S, self._send_order(order, body), f"sale {client_id}")
            except Ambiguous as failure:
                doubt = failure
        found = None
        with suppress(VenueFailure):
            found = await within(ANSWER_WITHIN_S, self._listed_order(order.asset, client_id), f"look up {client_id}")
        if found is not None:
            return found
        ((_, terms),) = body["order_configuration"].items()
        self._books.doubt(order.asset, Doubt(client_id, float(terms["base_size"]), self.timing.clock()))
        raise doubt

    async def _settle_doubts(self, asset: str, listing: Listing, client_id: str) -> None:
        """Raises `NotSent` while a sale may still arrive beside which another would sell what is not ours."""
        for doubt in self._books.doubts(asset):
            if doubt.client_id == client_id:
                continue
            if await self._listed_order(asset, doubt.client_id) is not None:
                continue
            age_s = ns_to_seconds(self.timing.clock() - doubt.sent_ns)
            if age_s >= ARRIVED_WITHIN_S or self._books.others(asset) < doubt.qty - QUANTITY:
                self._books.never_arrived(asset, doubt.client_id)
                continue
            sentence = f"{asset}: a sale of {doubt.qty:.10g} was not answered {age_s:.1f} s ago and is in no list yet"
            raise NotSent(f"{sentence}: the next one waits for it", 0.3)

    async def _guard_the_rest(self, listing: Listing, stops: Sequence[OwnOrder], client_id: str) -> None:
        """Once the venue has said what the sale sold. What surely is left does not wait for that for long."""
        is_known = await self._is_known(listing.asset, client_id, OFF_WITHIN_S)
        await self._lay_again(listing, stops, 0.0 if is_known else self._perhaps_sold(listing.asset, client_id))
        if not is_known:
            self.start(self._guard_later(listing, stops, client_id))

    async def _is_known(self, asset: str, client_id: str, within_s: float) -> bool:
        """Whether the venue has said what became of a sale: it never rests, so that it is soon over."""
        began_ns = self.timing.clock()
        while True:
            sale = self._books.by_id(client_id)
            if sale.is_over if sale is not None else not self._books.is_in_doubt(asset, client_id):
                return True
            with suppress(VenueFailure):
                asking = self._listed_order(asset, client_id) if sale is None else self._order(sale.order_id)
                found = await within(ANSWER_WITHIN_S, asking, f"look up {client_id}")
                if found is None or found.status.is_final:
                    return True
            if self.timing.since_s(began_ns) >= within_s:
                return False
            await self.timing.sleep(POLL_EVERY_S)

    def _perhaps_sold(self, asset: str, client_id: str) -> float:
        """What a lost sale may have sold; where nobody else has so many the venue takes no stop for coins that left."""
        doubt = next((one for one in self._books.doubts(asset) if one.client_id == client_id), None)
        return 0.0 if doubt is None or self._books.others(asset) < doubt.qty - QUANTITY else doubt.qty

    async def _guard_later(self, listing: Listing, stops: Sequence[OwnOrder], client_id: str) -> None:
        """Ends when the venue has said what became of the sale, or when it can arrive no more."""
        began_ns, is_known = self.timing.clock(), False
        while not is_known:
            await self.timing.sleep(READ_EVERY_S)
            is_late = self.timing.since_s(began_ns) >= ARRIVED_WITHIN_S
            async with self._swap(listing):
                is_known = await self._is_known(listing.asset, client_id, 0.0) or is_late
                for stop in stops if is_known else ():
                    await self._lay_larger(listing, stop)
