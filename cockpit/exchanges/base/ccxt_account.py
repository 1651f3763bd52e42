"""What the accounts behind the client library share: its lists, its orders, and how its abstract parts are used."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping

from msgspec.structs import replace

from cockpit.config.endpoints import VenueUrls
from cockpit.config.exits import AccountConfig
from cockpit.config.secrets import VenueKeys
from cockpit.domain.kinds import OrderRole, OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import NS_PER_DAY, NS_PER_MS
from cockpit.exchanges.base.account import (
    Ambiguous,
    FundingUpdate,
    HeldPosition,
    RefusalKind,
    Refused,
    StreamUpdate,
    VenueFailure,
    VenueFill,
    VenueOrder,
)
from cockpit.exchanges.base.account_calls import AccountCalls
from cockpit.exchanges.base.account_facts import Grid, Previewed, TradingHours
from cockpit.exchanges.base.account_lists import AccountLists
from cockpit.exchanges.base.contracts import Listing, Listings
from cockpit.exchanges.base.fees import CoinPrices, Fees
from cockpit.exchanges.base.order_ids import OrderNames
from cockpit.exchanges.base.order_text import plain_id
from cockpit.exchanges.base.private_stream import PrivateStream
from cockpit.exchanges.base.stop_probe import StopProbe
from cockpit.exchanges.base.timing import Timing

FILLS_REACH_MS = 7 * NS_PER_DAY // NS_PER_MS - 60_000
"""Binance tells a week of executions in one span; what is older than that nobody asks for."""


class CcxtAccount(AccountCalls):
    """One venue, one key, one event loop. `open` it first; its subclass says what the venue's words are."""

    least_round_s, least_peek_s = 0.0, 0.0
    signs_reads = True
    quote = "USDT"
    """What its perpetuals are quoted and settled in."""

    def __init__(self, config: AccountConfig, keys: VenueKeys, urls: VenueUrls, timing: Timing | None = None) -> None:
        super().__init__(keys, urls, timing or Timing())
        self.listings = Listings(self.asset_of)
        section = config.venues[self.venue]
        self._is_demo = section.demo
        self._assets = tuple(section.instruments)
        self._prices = CoinPrices(self.mark_price, self.timing)
        self._fees = Fees(section.taker_fee_bps, section.maker_fee_bps, self._prices)
        self._wants_isolated = config.execution.margin_mode == "isolated"
        self.lists = AccountLists(self.venue, self.listings, self._ask_listings, self.judged)
        self._names = OrderNames()
        self._stream = self._make_stream()
        self._probe = StopProbe(self)

    def __repr__(self) -> str:
        return f"<{self.venue} account{', demo' if self._is_demo else ''}>"

    @property
    def is_demo(self) -> bool:
        """Whether it is the venue's demo account."""
        return self._is_demo

    # -- what each venue fills in

    @abstractmethod
    def _make_stream(self) -> PrivateStream:
        """The account's stream."""

    @abstractmethod
    def asset_of(self, market_id: str) -> str:
        """Our name of a contract: the base coin of a USDT perpetual, listed or not, the venue's own name of others."""

    @abstractmethod
    def _ask_listings(self) -> tuple[list[Listing], tuple[str, ...]]:
        """What the venue lists, and what of that could not be read. Runs off the loop; raises what the library does."""

    @abstractmethod
    async def _place(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        """Send a market or limit order; `position` is what it closes, in whatever mode that is held."""

    @abstractmethod
    async def _place_stop(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        """Send a conditional order; `position` is what it guards where that is not a trade of ours."""

    @abstractmethod
    async def mark_price(self, asset: str) -> float:
        """What the venue values the asset at. Raises any `VenueFailure`."""

    @abstractmethod
    async def cancel(self, asset: str, client_id: str, is_conditional: bool) -> None:
        """Cancel one order of ours; one that is not open (any more) is no error."""

    @abstractmethod
    async def find(self, asset: str, client_id: str, is_conditional: bool) -> VenueOrder | None:
        """One order by our id, a triggered one followed to what it became; None where the venue does not know it."""

    @abstractmethod
    async def open_orders(self, assets: Collection[str] | None = None) -> tuple[VenueOrder, ...]:
        """Every open order there, plain and conditional, whoever placed it."""

    @abstractmethod
    async def funding_since(self, since_ms: int) -> list[tuple[str, FundingUpdate]]:
        """Payments booked since then, each with the venue's own id."""

    @abstractmethod
    async def fills_since(self, asset: str, since_ns: int) -> tuple[VenueFill, ...]:
        """Every execution on that perpetual since then, oldest first."""

    async def check_key(self) -> None:
        """Any signed question says whether the key is good."""
        await self.open_orders(())

    # -- life

    async def open(self) -> None:
        """Import the library and load the markets off the loop, then compare clocks. Opening it again is allowed.

        A venue that does not tell its time is opened all the same: an exit must not fail for want of a clock.
        """
        if self.client is not None and self.listings.is_loaded:
            return
        await self.lists.load()
        await self._make_ready()
        try:
            await self.clock_offset_ms()
        except VenueFailure:
            return

    async def open_for_exit(self) -> None:
        """Be ready to ask, cancel and close at once: the venue's lists are loaded beside that, and may fail."""
        await self._make_ready()
        self.lists.load_beside()

    def unreadable(self) -> tuple[str, ...]:
        """What of the newest lists of positions and orders could not be read, a sentence each."""
        return self.lists.unreadable()

    def set_aside(self) -> Mapping[str, str]:
        """What of executions, fees and funding could not be read since this was last asked."""
        return self.lists.set_aside()

    def remarks(self) -> tuple[str, ...]:
        """None: all that it holds is looked at."""
        return ()

    def most_at_market(self, position: HeldPosition) -> float | None:
        """The largest market order that the venue takes there, in base coins; None while unknown."""
        listing = self.listings.of_asset(position.asset)
        return None if listing is None or listing.most is None else listing.coins(listing.most)

    def changed_grid(self, asset: str) -> str:
        """How the venue's price step or lot there has changed since it was opened; "" where orders still fit."""
        return self.listings.changed(asset)

    async def read_grids(self) -> None:
        """Ask anew what the venue lists, on which grid, and when it trades."""
        await self.lists.load_beside()

    def trading_hours(self, asset: str) -> TradingHours | None:
        """None: it never closes."""
        return None

    async def close(self) -> None:
        """Close every connection; what is still under way is given up."""
        self.lists.drop()
        await self._close_client()

    def _reach_ms(self, since_ns: int) -> int:
        """From when on executions are asked for, in the venue's time."""
        return max((since_ns + self.clock.offset_ns) // NS_PER_MS, self.venue_ms() - FILLS_REACH_MS)

    # -- what is the same everywhere

    def listing(self, asset: str) -> Listing:
        """Raises `Refused` for an asset that the venue does not list: nothing is sent."""
        found = self.listings.of_asset(asset)
        if found is None:
            sentence = f"{self.venue}: expected a perpetual of {asset} against {self.quote}, was none listed"
            raise Refused(RefusalKind.UNSUPPORTED, "", sentence)
        return found

    def listed(self) -> dict[str, Grid]:
        """The configured assets that the venue lists."""
        known = {asset: self.listings.of_asset(asset) for asset in self._assets}
        return {asset: listing.grid for asset, listing in known.items() if listing is not None and listing.is_listed}

    async def place(self, order: OrderRequest, client_id: str) -> VenueOrder:
        """Send one order, once; an exit that is off the venue's grid of today, and was refused, once more on it."""
        try:
            return await self._send(order, client_id, None)
        except Refused as refused:
            if refused.kind is not RefusalKind.OFF_GRID or not await self.lists.terms_changed(order.asset):
                raise
            if not order.reduce_only:
                raise
        return await self._send(order, client_id, None)

    async def preview(self, order: OrderRequest) -> Previewed:
        """Refused: most venues have no such question."""
        raise Refused(RefusalKind.UNSUPPORTED, "", f"{self.venue}: expected previews of orders, was a venue without")

    async def stops_rest(self, stops: Mapping[str, str]) -> bool:
        """By the list of what is open on their perpetuals."""
        orders = await self.open_orders(set(stops.values()))
        return stops.keys() <= {order.client_id for order in orders}

    async def close_position(self, position: HeldPosition, client_id: str) -> VenueOrder:
        """Reduce-only, at market, as much of it as `position` says, by the venue's terms of today."""
        order = self.closing(position, client_id)
        try:
            return await self._send(order, client_id, position)
        except Refused as refused:
            if refused.kind is not RefusalKind.OFF_GRID:
                raise
            if not await self.lists.terms_changed(position.asset):
                raise self.listing(position.asset).judged(refused, order.qty) from None
        return await self._send(order, client_id, position)

    async def _send(self, order: OrderRequest, client_id: str, position: HeldPosition | None) -> VenueOrder:
        listing = self.listing(order.asset)
        with self.judged():
            if order.order_type is OrderType.STOP_MARKET:
                placed = await self._place_stop(listing, order, client_id, None)
            else:
                placed = await self._place(listing, order, client_id, position)
            _check_is_of(placed, client_id)
        self._stream.expect(client_id)
        return placed

    async def protect(self, position: HeldPosition, trigger_price: float, client_id: str) -> VenueOrder:
        """A stop for all that `position` says, in the margin mode and on the side it is held in."""
        order = replace(
            self.closing(position, client_id),
            role=OrderRole.STOP,
            order_type=OrderType.STOP_MARKET,
            trigger_price=trigger_price,
        )
        with self.judged():
            placed = await self._place_stop(self.listing(position.asset), order, client_id, position)
        self._stream.expect(client_id)
        return placed._replace(nets_with_ours=position.nets_with_ours)

    def closing(self, position: HeldPosition, order_id: str) -> OrderRequest:
        """The order that closes a position, which no trade of the engine asked for."""
        return OrderRequest(
            order_id=order_id,
            trade_id="",
            venue=self.venue,
            asset=position.asset,
            side=Side.SHORT if position.qty > 0 else Side.LONG,
            role=OrderRole.CLOSE,
            order_type=OrderType.MARKET,
            qty=abs(position.qty),
            reduce_only=True,
            decided_ns=0,
            decision_price=0.0,
        )

    async def holds_stops(self, asset: str) -> str | None:
        """None where a stop of ours was taken, seen and cancelled again; else why not."""
        return await self._probe.ask(asset)

    def is_probe(self, client_id: str) -> bool:
        """Whether an order only asked whether the venue takes stops."""
        return self._probe.laid(client_id)

    async def follow(self, received: Callable[[StreamUpdate], None], linked: Callable[[bool, str], None]) -> None:
        """Read the private stream until cancelled, reconnecting."""
        await self._stream.follow(received, linked)


def _check_is_of(placed: VenueOrder, client_id: str) -> None:
    """An answer that looks like a success and names another order, or none, says nothing of this one. Raises
    `Ambiguous`.
    """
    if placed.client_id != client_id or not placed.venue_order_id:
        was = f"{plain_id(placed.client_id) or 'no id'} as number {plain_id(placed.venue_order_id) or 'none'}"
        raise Ambiguous(f"expected the order {client_id} with the venue's number, was {was}")
