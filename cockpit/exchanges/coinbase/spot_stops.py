"""Stops that hold coins: laid in the place of their trade's older one, taken off for a sale, laid again after it.

What is taken off and not sold is guarded again, whatever becomes of the sale. One asset's exits take turns, and what is
asked about it waits for them; a stop that nobody answers must not keep a sale from its turn for long.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from msgspec.structs import replace

from cockpit.config.endpoints import VenueUrls
from cockpit.config.exits import AccountConfig
from cockpit.config.secrets import VenueKeys
from cockpit.domain.bounded import BoundedMap
from cockpit.domain.kinds import OrderRole, OrderType
from cockpit.domain.orders import OrderRequest
from cockpit.domain.quantity import rounded
from cockpit.domain.units import ns_to_seconds
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
from cockpit.exchanges.base.timing import Timing, within
from cockpit.exchanges.coinbase.spot_books import OwnOrder, trade_of
from cockpit.exchanges.coinbase.spot_holdings import KEPT, QUANTITY, SpotHoldings
from cockpit.exchanges.coinbase.spot_orders import next_link, size_text, spot_stop_body, stop_again

OFF_WITHIN_S, POLL_EVERY_S = 0.6, 0.03
"""A stop that was cancelled, and then the sale, are looked at so often, until the venue says that they are over."""
ANSWER_WITHIN_S = 0.5
"""A sale that nobody answers leaves its coins bare no longer than that."""
STOP_ALONE_S = 0.3
"""So long a stop may take to be answered before a sale that waits goes first."""
SALE_FIRST_S = 0.1
"""How long a stop lets the sale of its trade go first, that was turned away for too many requests."""
Answer = TypeVar("Answer")


class ExitTurns:
    """One exit of an asset at a time, in the order they came. A stop gives way to a sale that waits; one that a sale
    lays again does not: nobody would soon ask for it.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._is_sales = False
        self._sales = 0
        self._sale_waits = asyncio.Event()

    @property
    def gives_way(self) -> bool:
        """Whether a sale waits that goes first."""
        return self._sales > 0 and not self._is_sales

    @asynccontextmanager
    async def taken(self, is_sale: bool = False) -> AsyncIterator[None]:
        if is_sale:
            self._count(1)
        try:
            await self._lock.acquire()
        finally:
            if is_sale:
                self._count(-1)
        self._is_sales = is_sale
        try:
            yield
        finally:
            self._lock.release()

    def _count(self, more: int) -> None:
        self._sales += more
        if self._sales:
            self._sale_waits.set()
        else:
            self._sale_waits.clear()

    async def unless_sale_waits(self, asked: Awaitable[Answer], alone_s: float, what: str) -> Answer:
        """Its answer. Raises `Ambiguous` where there is none after `alone_s` and a sale waits: it is given up then."""
        if self._is_sales:
            return await asked
        asking, waiting = asyncio.ensure_future(asked), asyncio.ensure_future(self._sale_waits.wait())
        try:
            await asyncio.wait({asking}, timeout=max(0.0, alone_s))
            await asyncio.wait({asking, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                return asking.result()
            raise Ambiguous(f"{what}: expected an answer before its sale, was none")
        finally:
            asking.cancel()
            waiting.cancel()
            await asyncio.gather(asking, waiting, return_exceptions=True)


class SpotStops(SpotHoldings):
    """The stops. `SpotExits` are the sales they leave for."""

    def __init__(self, config: AccountConfig, keys: VenueKeys, urls: VenueUrls, timing: Timing | None = None) -> None:
        self._turns: dict[str, ExitTurns] = defaultdict(ExitTurns)
        self._taken_back: set[str] = set()
        """Our ids of stops that were cancelled for good."""
        self._short: dict[str, float] = {}
        """Stops that were laid for less than was asked, by our ids, and for how much they were."""
        self._laying: BoundedMap[str, asyncio.Task[VenueOrder]] = BoundedMap(KEPT)
        """Stops on their way, by our ids."""
        self._sale_first_ns: dict[str, int] = {}
        """Until when a trade's stop lets its sale go first."""
        super().__init__(config, keys, urls, timing)

    @asynccontextmanager
    async def _swap(self, listing: Listing, is_sale: bool = False) -> AsyncIterator[None]:
        """One exit of an asset at a time; what the stream says of it meanwhile waits. What it leaves free is guarded by
        the stops that were laid for less than was asked.
        """
        asset = listing.asset
        async with self._turns[asset].taken(is_sale):
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
        """Under one id, until it is answered; not for long, and no longer once a sale waits for its turn."""
        turns, began_ns = self._turns[order.asset], self.timing.clock()
        for is_last in (False, True):
            alone_s = STOP_ALONE_S - self.timing.since_s(began_ns)
            try:
                sending = turns.unless_sale_waits(self._send_order(order, body), alone_s, "stop")
                return await within(ANSWER_WITHIN_S, sending, "stop")
            except Ambiguous:
                if is_last or turns.gives_way:
                    raise
        raise AssertionError("unreachable")

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
            await self._read_once_more(order.asset)
            less = self._most_text(order, listing, self._books.free(order.asset, listing))
            if less == size:
                raise
        return await send(less)

    async def _read_once_more(self, asset: str) -> None:
        """The coins that are there; the orders too, where the venue says of them. A coin that the list leaves out is
        counted by its executions.
        """
        calls = (self._read_balances(), self._read_orders())
        coins, _ = await asyncio.gather(
            *(within(ANSWER_WITHIN_S, call, "what is ours") for call in calls), return_exceptions=True
        )
        if isinstance(coins, BaseException):
            raise coins
        with suppress(VenueFailure):
            await within(ANSWER_WITHIN_S, self._read_executions_of_others(asset), "executions of others")

    def _most_text(self, order: OrderRequest, listing: Listing, free: float) -> str:
        """The size of a sale or a stop: as asked, but no more than is ours and free."""
        qty = min(order.qty, free)
        if qty <= QUANTITY or self._books.is_dust(order.asset, qty, self._books.bought(order.asset).entry_price):
            bought, total = self._books.bought(order.asset).qty, (self._books.totals or {}).get(order.asset, 0.0)
            what = f"{order.asset}: expected {order.qty:.10g} of ours free, was {free:.10g} of {bought:.10g} bought"
            raise Refused(RefusalKind.NOTHING_TO_REDUCE, "", f"{what}, {total:.10g} in the account: nothing was sent")
        return size_text(listing, qty)

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
