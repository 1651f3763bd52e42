"""What the accounts behind the client library share: one fenced client, every call judged, the clock, the allowance."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from cockpit.config.endpoints import VenueUrls, is_loopback
from cockpit.config.exits import AccountConfig
from cockpit.config.secrets import VenueKeys
from cockpit.domain.kinds import OrderRole, OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import NS_PER_DAY, NS_PER_MS
from cockpit.exchanges.base.account import (
    FundingUpdate,
    HeldPosition,
    NotSent,
    RefusalKind,
    Refused,
    StreamUpdate,
    VenueFailure,
    VenueFill,
    VenueOrder,
)
from cockpit.exchanges.base.account_lists import AccountLists
from cockpit.exchanges.base.allowance import WAIT_WITHOUT_WORD_S, Allowance, EndpointBudget
from cockpit.exchanges.base.call_kind import CallKind, kind_now
from cockpit.exchanges.base.contracts import Listing, Listings
from cockpit.exchanges.base.fees import CoinPrices, Fees
from cockpit.exchanges.base.order_ids import OrderNames
from cockpit.exchanges.base.outcomes import failure_of
from cockpit.exchanges.base.private_stream import PrivateStream
from cockpit.exchanges.base.stop_probe import StopProbe
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.base.venue_clock import VenueClock

CLOCK_SAMPLES = 3
FILLS_REACH_MS = 7 * NS_PER_DAY // NS_PER_MS - 60_000
"""Binance tells a week of executions in one span; what is older than that nobody asks for."""


class CcxtAccount(ABC):
    """One venue, one key, one event loop. `open` it first; its subclass says what the venue's words are."""

    venue: str
    weight_per_minute: float | None
    """The venue's allowance for one address; None where its answers do not say what was used."""
    endpoint_calls: Mapping[str, int] = {}
    """How often each endpoint may be asked in `endpoint_window_s`."""
    endpoint_window_s = 1.0
    quote = "USDT"
    """What its perpetuals are quoted and settled in."""
    left_alone_without_word_s = WAIT_WITHOUT_WORD_S
    """How long it is left alone after it turned a request away without a word on how long."""

    def __init__(self, config: AccountConfig, keys: VenueKeys, urls: VenueUrls, timing: Timing | None = None) -> None:
        self.timing = timing or Timing()
        self.client: Any = None
        self._making_ready = asyncio.Lock()
        self.listings = Listings(self.asset_of)
        self.clock = VenueClock()
        self.budget = EndpointBudget(self.endpoint_calls, self.endpoint_window_s, self.timing)
        self._allowance = Allowance(self.weight_per_minute, self.timing.clock, self.left_alone_without_word_s)
        self._keys = keys
        self._urls = urls
        section = config.venues[self.venue]
        self._is_demo = section.demo
        self._assets = tuple(section.instruments)
        self._prices = CoinPrices(self.mark_price, self.timing)
        self._fees = Fees(section.taker_fee_bps, section.maker_fee_bps, self._prices)
        self._wants_isolated = config.execution.margin_mode == "isolated"
        self._under_way: set[asyncio.Task[Any]] = set()
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

    @property
    def is_loopback(self) -> bool:
        """Whether its orders go to this machine."""
        return self._urls.rest is not None and is_loopback(urlsplit(self._urls.rest).hostname or "")

    # -- what each venue fills in

    @abstractmethod
    def _make_client(self, keys: VenueKeys | None) -> Any:
        """A client with or without keys; imports the library. Runs off the loop."""

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
    async def _server_time_ms(self) -> float:
        """What time it is at the venue."""

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
    async def funding_since(self, since_ms: int) -> list[tuple[str, FundingUpdate]]:
        """Payments booked since then, each with the venue's own id."""

    @abstractmethod
    async def fills_since(self, asset: str, since_ns: int) -> tuple[VenueFill, ...]:
        """Every execution on that perpetual since then, oldest first."""

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
            for _ in range(CLOCK_SAMPLES):
                await self.ask_time()
        except VenueFailure:
            return

    async def open_for_exit(self) -> None:
        """Be ready to ask, cancel and close at once: the venue's lists are loaded beside that, and may fail."""
        await self._make_ready()
        self.lists.load_beside()

    async def _make_ready(self) -> None:
        async with self._making_ready:
            if self.client is None:
                with self.judged():
                    client = await asyncio.to_thread(self._make_client, self._keys)
                    self._tap(client)
                    self.client = client

    def unreadable(self) -> tuple[str, ...]:
        """What of the newest lists of positions and orders could not be read, a sentence each."""
        return self.lists.unreadable()

    def most_at_market(self, position: HeldPosition) -> float | None:
        """The largest market order that the venue takes there, in base coins; None while unknown."""
        listing = self.listings.of_asset(position.asset)
        return None if listing is None or listing.most is None else listing.coins(listing.most)

    def changed_grid(self, asset: str) -> str:
        """How the venue's price step or lot there has changed since it was opened; "" where orders still fit."""
        return self.listings.changed(asset)

    async def read_grids(self) -> None:
        """Ask anew what the venue lists, on which grid."""
        await self.lists.load_beside()

    async def close(self) -> None:
        """Close every connection; what is still under way is given up."""
        self.lists.drop()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        client, self.client = self.client, None
        if client is not None:
            client.timeout_on_exit = 0 if self.is_loopback else client.timeout_on_exit
            await client.close()

    def _tap(self, client: Any) -> None:
        """See every answer's status and headers, and every message of the stream before the library does."""
        answered, handle = client.on_rest_response, client.handle_message

        def on_rest_response(
            status: int, reason: str, url: str, method: str, headers: Mapping[str, str], *rest: Any
        ) -> Any:
            self._allowance.answered(status, headers)
            return answered(status, reason, url, method, headers, *rest)

        def handle_message(socket: Any, message: Any) -> None:
            if not self._stream.takes(message):
                handle(socket, message)

        client.on_rest_response = on_rest_response
        client.handle_message = handle_message
        client.nonce = self.venue_ms
        client.seconds = lambda: self.venue_ms() // 1_000

    def by_our_clock(self, venue_ns: int) -> int:
        """When that was, told by the venue's clock, in our time."""
        return venue_ns - self.clock.offset_ns

    def venue_ms(self) -> int:
        """What time it is at the venue, as far as we know: what requests and logins are signed with."""
        return (self.timing.clock() + self.clock.offset_ns) // NS_PER_MS

    def _reach_ms(self, since_ns: int) -> int:
        """From when on executions are asked for, in the venue's time."""
        return max((since_ns + self.clock.offset_ns) // NS_PER_MS, self.venue_ms() - FILLS_REACH_MS)

    # -- calls

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Whatever goes wrong inside, in a call or in reading its answer, leaves as a `VenueFailure`."""
        try:
            yield
        except VenueFailure:
            raise
        except Exception as error:
            # Not chained: the library's own text has addresses with signatures in them.
            raise failure_of(error, self.venue, self._secrets()) from None

    async def ask(self, endpoint: str, params: Any = None) -> Any:
        """The venue's raw answer to one of the library's endpoints. Raises any `VenueFailure`.

        A venue that asked to be left alone is not asked: that is `NotSent`, at once. Where the clocks were too far
        apart they are compared anew before that is raised.
        """
        if self.client is None:
            raise NotSent(f"{self.venue}: expected an open account, was closed")
        return await self._ask(endpoint, params, kind_now())

    async def _ask(self, endpoint: str, params: Any, kind: CallKind) -> Any:
        waits_s = self._allowance.wait_s(kind)
        if waits_s > 0:
            sentence = f"{self.venue}: asked to be left alone for {waits_s:.1f} s more"
            raise NotSent(sentence, waits_s, asked_until_ns=self._allowance.asked_until_ns)
        try:
            await self.budget.turn(endpoint)
            with self.judged():
                return await getattr(self.client, endpoint)({} if params is None else params)
        except NotSent as refused:
            if refused.is_clock:
                await self._compare_clocks_quietly()
            elif self._allowance.asked_until_ns is not None:
                refused.retry_after_s = self._allowance.wait_s(kind)
                refused.asked_until_ns = self._allowance.asked_until_ns
            raise

    async def send(self, endpoint: str, params: Any, kind: CallKind = CallKind.EXIT) -> Any:
        """`ask`, for what changes something: cancelling the wait leaves the request on its way."""
        if self.client is None:
            raise NotSent(f"{self.venue}: expected an open account, was closed")
        task = asyncio.ensure_future(self._ask(endpoint, params, kind))
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()

    def _secrets(self) -> list[str]:
        found = (self._keys.api_key, self._keys.secret, self._keys.password)
        return [secret.get_secret_value() for secret in found if secret is not None] + self._stream.secrets

    # -- the clock

    async def ask_time(self) -> None:
        """Compare clocks once more; what is signed from now on carries the venue's time. Raises any `VenueFailure`."""
        asked_ns = self.timing.clock()
        venue_ms = await self._server_time_ms()
        self.clock.answered(asked_ns, round(venue_ms * NS_PER_MS), self.timing.clock())

    async def _compare_clocks_quietly(self) -> None:
        """The clock moved: what was learnt before does not count."""
        self.clock = VenueClock()
        try:
            await self.ask_time()
        except VenueFailure:
            return

    async def clock_offset_ms(self) -> float:
        """The venue's clock minus ours, from a few answers in a row."""
        for _ in range(CLOCK_SAMPLES):
            await self.ask_time()
        return self.clock.offset_ns / NS_PER_MS

    # -- what is the same everywhere

    def listing(self, asset: str) -> Listing:
        """Raises `Refused` for an asset that the venue does not list: nothing is sent."""
        found = self.listings.of_asset(asset)
        if found is None:
            sentence = f"{self.venue}: expected a perpetual of {asset} against {self.quote}, was none listed"
            raise Refused(RefusalKind.UNSUPPORTED, "", sentence)
        return found

    def listed(self) -> tuple[str, ...]:
        """The configured assets that the venue lists."""
        known = {asset: self.listings.of_asset(asset) for asset in self._assets}
        return tuple(asset for asset, listing in known.items() if listing is not None and listing.is_listed)

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

    async def follow(self, heard: Callable[[StreamUpdate], None], linked: Callable[[bool, str], None]) -> None:
        """Read the private stream until cancelled, reconnecting."""
        await self._stream.follow(heard, linked)

    def used_weight_share(self) -> float | None:
        """How much of this minute's request allowance is used."""
        return self._allowance.used_share()
