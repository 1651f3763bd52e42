"""Coins leave: a stop is taken off, they are sold, what is not sold is guarded again; once, never more than ours.

Spot has no order that only reduces, and a stop holds the coins it would sell: a sale takes the stops off that hold what
it needs, waits until the venue says that they are off, sells, and lays again what it has not sold; the same where the
sale is refused, or nobody answers it. Between the two those coins stand bare, for as long as the venue takes to answer
three calls. One asset's exits wait for each other, and what is asked about it waits for them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from msgspec.structs import replace

from cockpit.domain.kinds import OrderRole, OrderType
from cockpit.domain.orders import OrderRequest
from cockpit.domain.quantity import rounded
from cockpit.domain.units import ns_to_seconds, seconds_to_ns
from cockpit.exchanges.base.account import (
    Ambiguous,
    HeldPosition,
    NotSent,
    RefusalKind,
    Refused,
    VenueFailure,
    VenueOrder,
)
from cockpit.exchanges.base.call_kind import for_exits
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.order_terms import accepted
from cockpit.exchanges.base.timing import within
from cockpit.exchanges.coinbase.spot_books import Doubt, OwnOrder, trade_of
from cockpit.exchanges.coinbase.spot_holdings import SpotHoldings
from cockpit.exchanges.coinbase.spot_orders import next_link, size_text, spot_body, spot_stop_body, stop_again

OFF_WITHIN_S, POLL_EVERY_S = 0.6, 0.03
"""A stop that was cancelled, and then the sale, are looked at so often, until the venue says that they are over."""
READ_EVERY_S = 0.25
"""A sale of which the venue has not said that by then."""
ANSWER_WITHIN_S = 0.5
"""A sale that nobody answers leaves its coins bare no longer than that."""
SALE_FIRST_S = 0.1
"""How long a stop lets the sale of its trade go first, that was turned away for too many requests."""
ARRIVED_WITHIN_S = 5.0
"""A sale that is in no list for so long has never arrived."""
QUANTITY = 1e-9


class SpotExits(SpotHoldings):
    """The exits. `CoinbaseSpotAccount` is the rest of the account."""

    # -- exits

    @asynccontextmanager
    async def _swap(self, listing: Listing) -> AsyncIterator[None]:
        """One exit of an asset at a time; what the stream says of it meanwhile waits. What it leaves free is guarded by
        the stops that were laid for less than was asked.
        """
        asset = listing.asset
        async with self._locks[asset]:
            self._stream.hold(asset)
            try:
                with for_exits():
                    try:
                        yield
                    finally:
                        await self._make_whole(listing)
            finally:
                self._stream.release(asset)

    async def _make_whole(self, listing: Listing) -> None:
        """Somebody had sold coins of ours, and the stop of another trade held too many of the rest: nobody but us knows
        that one is smaller than it should be.
        """
        for client_id, wanted in list(self._short.items()):
            stop = self._books.by_id(client_id)
            if stop is None or stop.asset != listing.asset:
                continue
            more = min(wanted - stop.left, self._books.free(stop.asset, listing))
            if stop.is_over or stop.filled > 0.0 or client_id in self._taken_back:
                del self._short[client_id]
            elif more > QUANTITY and not self._books.is_dust(stop.asset, more, float(stop.trigger)):
                qty = rounded(stop.left + more)
                with suppress(VenueFailure):
                    await self._off(listing, [stop])
                    await self._laid_again(listing, stop, qty)

    async def _whole(self, listing: Listing) -> None:
        async with self._swap(listing):
            pass

    def _guard_what_is_free(self) -> None:
        """Soon, where a stop is smaller than it should be and the account has coins for it again."""
        for asset in {stop.asset for client_id in self._short if (stop := self._books.by_id(client_id)) is not None}:
            listing = self.listing(asset)
            if self._books.free(asset, listing) > QUANTITY:
                self.start(self._whole(listing))

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
        async with self._swap(listing):
            if not self._is_read:
                await self._read_orders()
            await self._settle_doubts(order.asset, listing, client_id)
            self._check_least(order)
            size_text(listing, order.qty)
            stops = await self._take_off(listing, order.qty, client_id)
            try:
                return await self._as_much_as_is_there(
                    listing, order, lambda size: self._sold(order, spot_body(listing, order, size, client_id))
                )
            finally:
                if stops:
                    await self._guard_the_rest(listing, stops, client_id)

    async def _as_much_as_is_there(
        self, listing: Listing, order: OrderRequest, send: Callable[[str], Awaitable[VenueOrder]]
    ) -> VenueOrder:
        """What is known of it may be old: it is read before less than was asked is sold, or nothing."""
        if self._books.free(order.asset, listing) < order.qty - QUANTITY:
            await self._read_what_is_ours()
        return await self._sent_for(listing, order, self._books.free(order.asset, listing), send)

    async def _all_of_ours(
        self, listing: Listing, order: OrderRequest, client_id: str, send: Callable[[str], Awaitable[VenueOrder]]
    ) -> VenueOrder:
        """A stop waits for no list of coins: the venue takes none for those that are not there. One that is laid for
        less than was asked is remembered.
        """
        if self._books.unguarded(order.asset) < order.qty - QUANTITY:
            await self._read_orders()
        wanted = min(order.qty, self._books.unguarded(order.asset))
        placed = await self._sent_for(listing, order, wanted, send)
        for other in [other for other in self._short if trade_of(other) == trade_of(client_id)]:
            del self._short[other]
        laid = self._books.by_id(client_id)
        if laid is not None and laid.qty < wanted - QUANTITY:
            self._short[client_id] = wanted
        return placed

    async def _sent_for(
        self, listing: Listing, order: OrderRequest, free: float, send: Callable[[str], Awaitable[VenueOrder]]
    ) -> VenueOrder:
        """Where the venue misses coins the account is read once more: its fee may have been taken in them, or somebody
        has sold some.
        """
        size = self._most_text(order, listing, free)
        try:
            return await send(size)
        except Refused as refused:
            if refused.kind is not RefusalKind.MARGIN:
                raise
            await self._read_once_more()
            less = self._most_text(order, listing, self._books.free(order.asset, listing))
            if less == size:
                raise
        return await send(less)

    async def _read_once_more(self) -> None:
        """The coins that are there; the orders too, where the venue says of them."""
        calls = (self._read_balances(), self._read_orders())
        coins, _ = await asyncio.gather(
            *(within(ANSWER_WITHIN_S, call, "what is ours") for call in calls), return_exceptions=True
        )
        if isinstance(coins, BaseException):
            raise coins

    def _check_least(self, order: OrderRequest) -> None:
        """A sale that the venue would not take is refused before a stop leaves for it."""
        price = order.limit_price or order.decision_price or self._books.bought(order.asset).entry_price
        if self._books.is_dust(order.asset, order.qty, price):
            terms = self._books.terms[order.asset]
            least = f"{terms.least:g} {order.asset} and {terms.least_usd:g} USD"
            what = f"{order.qty:.10g} at {price:g}, {order.qty * price:.2f} USD"
            raise Refused(RefusalKind.TOO_SMALL, "", f"{order.asset}: expected at least {least}, was {what}")

    def _most_text(self, order: OrderRequest, listing: Listing, free: float) -> str:
        """The size of a sale or a stop: as asked, but no more than is ours and free."""
        qty = min(order.qty, free)
        if qty <= QUANTITY or self._books.is_dust(order.asset, qty, self._books.bought(order.asset).entry_price):
            bought, total = self._books.bought(order.asset).qty, (self._books.totals or {}).get(order.asset, 0.0)
            what = f"{order.asset}: expected {order.qty:.10g} of ours free, was {free:.10g} of {bought:.10g} bought"
            raise Refused(RefusalKind.NOTHING_TO_REDUCE, "", f"{what}, {total:.10g} in the account: nothing was sent")
        return size_text(listing, qty)

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

    async def _take_off(self, listing: Listing, qty: float, client_id: str, of_trade: bool = False) -> list[OwnOrder]:
        """The stops that had to leave for it, of its own trade first. Raises `NotSent` where one does not."""
        asset, trade = listing.asset, trade_of(client_id)
        free, chosen = self._books.free(asset, listing), []
        for sale in self._books.open_sales(asset, trade):
            if free >= qty - QUANTITY:
                break
            if sale.is_stop and not (of_trade and trade_of(sale.mark.client_id) != trade):
                chosen.append(sale)
                free += sale.left
        if chosen:
            await self._off(listing, chosen)
        return chosen

    async def _off(self, listing: Listing, stops: Sequence[OwnOrder]) -> None:
        """All of them, or they are laid again."""
        try:
            ids = [stop.order_id for stop in stops]
            cancel = self.send("v3PrivatePostBrokerageOrdersBatchCancel", {"order_ids": ids})
            calls = [within(ANSWER_WITHIN_S, call, "stops off") for call in (cancel, self._read_balances())]
            await asyncio.gather(*calls, return_exceptions=True)
            await self._until_over(stops)
        except BaseException:
            await self._lay_again(listing, stops)
            raise

    async def _until_over(self, stops: Sequence[OwnOrder]) -> None:
        """The venue's word on each, its executions included: a stop may have been filled on its way off."""
        began_ns, failure = self.timing.clock(), ""
        while True:
            asked = await asyncio.gather(
                *(within(ANSWER_WITHIN_S, self._order(one.order_id), "stop off") for one in stops),
                return_exceptions=True,
            )
            lost = [str(one) for one in asked if isinstance(one, BaseException)]
            failure = lost[0] if lost else failure
            left = [one for one in stops if not self._is_over(one)]
            if not left and not lost:
                return
            waited_s = ns_to_seconds(self.timing.clock() - began_ns)
            if waited_s >= OFF_WITHIN_S:
                what = f"{stops[0].asset}: expected {len(stops)} stops off, {len(left)} are not after {waited_s:.1f} s"
                raise NotSent(f"{what}{': ' + failure if failure else ''}: nothing was sold", 0.3)
            await self.timing.sleep(POLL_EVERY_S)

    def _is_over(self, stop: OwnOrder) -> bool:
        found = self._books.order(stop.order_id)
        return found is not None and found.is_over

    async def _lay_again(self, listing: Listing, stops: Sequence[OwnOrder], less: float = 0.0) -> None:
        """What has been taken off and not sold is guarded anew, each stop at its price; `less` that is perhaps sold.
        What the venue refuses is heard as gone.
        """
        for stop in stops:
            was = self._books.order(stop.order_id) or stop
            qty = min(was.left, self._books.unguarded(stop.asset) - less)
            if not was.is_over or qty <= QUANTITY or self._books.is_dust(stop.asset, qty, float(was.trigger)):
                continue
            with suppress(VenueFailure):
                await self._laid_again(listing, was, qty)

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

    async def _lay_larger(self, listing: Listing, was: OwnOrder) -> None:
        """A stop that was laid again for less than it guarded, or not at all, unless it was taken back since."""
        newest = self._books.by_id(was.mark.client_id) or was
        resting = 0.0 if newest.is_over else newest.left
        qty = min(was.left, self._books.unguarded(was.asset) + resting)
        is_done = newest.is_over and newest.order_id != was.order_id
        if is_done or was.mark.client_id in self._taken_back or qty <= resting + QUANTITY:
            return
        with suppress(VenueFailure):
            if resting:
                await self._off(listing, [newest])
            await self._laid_again(listing, newest, qty)

    async def _laid_again(self, listing: Listing, was: OwnOrder, qty: float) -> None:
        client_id = next_link(was.mark)
        closing = self.closing(HeldPosition(was.asset, qty, 0.0, None, None, None), client_id)
        order = replace(
            closing, role=OrderRole.STOP, order_type=OrderType.STOP_MARKET, trigger_price=float(was.trigger)
        )
        product = listing.market_id
        await self._all_of_ours(
            listing,
            order,
            was.mark.client_id,
            lambda size: self._sent_twice(order, stop_again(product, size, was.trigger, was.limit, client_id)),
        )

    async def _place_stop(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        """Asked for again while it is still being laid it is the same one: a sale must not wait for both."""
        laying = self._laying.get(client_id)
        if laying is None or laying.done():
            laying = self._laying[client_id] = self.start(self._lay(listing, order, client_id))
        return await asyncio.shield(laying)

    async def _lay(self, listing: Listing, order: OrderRequest, client_id: str) -> VenueOrder:
        """In the place of the older ones of its trade, where they hold its coins. A sale that was turned away for too
        many requests goes first: it would be turned away for the stop's again and again.
        """
        if self._sale_first_ns.pop(trade_of(client_id), 0) > self.timing.clock():
            raise NotSent(f"{order.asset}: its sale was turned away and goes first", SALE_FIRST_S)
        async with self._swap(listing):
            known = self._books.by_id(client_id)
            if known is not None and not known.is_over:
                return accepted(order, client_id, known.order_id)
            size_text(listing, order.qty)
            older = await self._take_off(listing, order.qty, client_id, of_trade=True)
            is_laid = False
            try:
                placed = await self._all_of_ours(
                    listing,
                    order,
                    client_id,
                    lambda size: self._sent_twice(order, self._stop_of(listing, order, size, client_id)),
                )
                is_laid = True
                return placed
            finally:
                if not is_laid:
                    await self._lay_again(listing, older)

    def _stop_of(self, listing: Listing, order: OrderRequest, size: str, client_id: str) -> dict[str, Any]:
        return spot_stop_body(listing, order, size, client_id, self._stop_limit_bps)

    async def _sent_twice(self, order: OrderRequest, body: dict[str, Any]) -> VenueOrder:
        try:
            return await within(ANSWER_WITHIN_S, self._send_order(order, body), "stop")
        except Ambiguous:
            return await within(ANSWER_WITHIN_S, self._send_order(order, body), "stop")
