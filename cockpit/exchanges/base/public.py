"""One exchange through its client library: loaded off the loop, without keys, every message and answer seen by us.

The library dials, subscribes, answers pings, inflates and keeps the books. Prints, tops, marks and liquidations are
taken from its messages directly: its own caches keep only the newest 1,000 and wake a reader once for a whole burst.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from cockpit.config.endpoints import VenueUrls
from cockpit.config.live import LiveSection
from cockpit.domain.market_detail import Candle
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.exchanges.base.account_facts import TradingHours
from cockpit.exchanges.base.allowance import RestBudget
from cockpit.exchanges.base.answers import number, refuse_future, shown
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.decoder import Decoder
from cockpit.exchanges.base.frames import FrameContent, Message
from cockpit.exchanges.base.markets import with_markets
from cockpit.exchanges.base.masking import error_text
from cockpit.exchanges.base.rows import read_rows
from cockpit.exchanges.base.sockets import tap_sockets
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.base.venue_clock import VenueClock

CLOCK_SAMPLES = 3
"""Questions about the time at the start: the first one waits for the connection, and one answer may be wrong."""
CLOSE_WITHIN_MS = 50
BAR = "1m"
BAR_MS, BAR_NS = 60_000, 60 * NS_PER_S
START_MS, OPEN, HIGH, LOW, CLOSE, VOLUME = range(6)


class Listener(Protocol):
    """Sees each message of the stream."""

    def takes_text(self, text: str | bytes) -> bool:
        """Before anybody has decoded it. True = it is dealt with, nobody else need see it."""

    def takes(self, message: Message) -> bool:
        """Before the library sees it. True = it is dealt with, the library need not see it."""

    def library_took(self, message: Message) -> None:
        """After the library saw it: its book is as new as the message."""

    def library_broke(self, error: Exception) -> None:
        """The library could not take a message."""


class Frames(Protocol):
    """Reads the venue's messages."""

    def read(self, message: Message, recv_ns: int) -> tuple[FrameContent, ...] | None:
        """What the message says; None for a message that is not data of these channels."""

    def depth_of(self, message: Message) -> tuple[str, int, int] | None:
        """Asset, sequence number and stamp in ns of a change to a book; None for other messages."""


class Exchange(ABC):
    """What the feeds of one venue share: one client, its markets, its request budget and its clock.

    `open` it before anything else; whoever made it closes it. `symbols` are the library's names by asset, for the
    assets that the venue lists.
    """

    name: str
    frames: Frames
    decoder: Decoder | None = None
    """Takes the venue's frequent frames before the library decodes them; None: the library decodes all."""
    quote = "USDT"
    """What its perpetuals are quoted and settled in."""

    def __init__(self, assets: Sequence[str], urls: VenueUrls, live: LiveSection, timing: Timing | None = None) -> None:
        self.assets = tuple(assets)
        self.symbols: dict[str, str] = {}
        self.spot_products: Mapping[str, str] = {}
        """By asset, where coins are traded instead of perpetuals."""
        self.timing = timing or Timing()
        self.clock = VenueClock()
        self.time_doubted = asyncio.Event()
        self.opened = asyncio.Event()
        self.budget = RestBudget(self.weight_per_minute, live.rest_weight_share, self.timing.clock)
        self.client: Any = None
        self._urls = urls
        self._listener: Listener | None = None
        self._opening = asyncio.Lock()

    weight_per_minute: float | None = None
    """The venue's allowance for one address; None where answers do not say what was used: the library's own limiter
    keeps to it then."""

    @property
    def sockets(self) -> Mapping[Channel, str]:
        """The channels of this venue, each with the socket it comes through: all on one."""
        return dict.fromkeys(self.names, self.socket_url)

    @property
    def socket_url(self) -> str:
        """Where the public stream is, where there is one."""
        return str(self.client.urls["api"]["ws"])

    trades_params: ClassVar[Mapping[str, str]] = {}
    """What the subscription to prints says beside the symbols."""
    most_bars: ClassVar[int] = 480
    """So many of its bars come with one question, at the least weight it has."""
    bars_count_coins: ClassVar[bool] = True
    """Whether the volume of a bar is in base coins, as the library hands it on."""
    names: ClassVar[Mapping[Channel, str]]
    """What the library puts before a symbol where it files a channel's subscriptions and waiters."""

    def watch(self, channel: Channel) -> Awaitable[object]:
        """Subscribe to the channel for every listed asset and wait for the library's word: data, or an error."""
        client, symbols = self.client, list(self.symbols.values())
        watching: Awaitable[object]
        match channel:
            case Channel.TRADES:
                watching = client.watch_trades_for_symbols(symbols, params=dict(self.trades_params))
            case Channel.TOPS:
                watching = client.watch_bids_asks(symbols)
            case Channel.DEPTH:
                watching = client.watch_order_book_for_symbols(symbols)
            case Channel.MARK:
                watching = client.watch_mark_prices(symbols)
            case Channel.LIQUIDATIONS:
                watching = client.watch_liquidations_for_symbols(symbols)
            case _:
                raise ValueError(f"expected a channel of {self.name}, was {channel}")
        return watching

    def hashes(self, channel: Channel) -> tuple[str, ...]:
        """What the library files the channel's subscriptions and waiters under."""
        return tuple(self.names[channel] + symbol for symbol in self.symbols.values())

    @property
    @abstractmethod
    def time_endpoint(self) -> str:
        """The library's name of the question what time it is."""

    time_params: ClassVar[Mapping[str, object]] = {}
    """What that question says."""

    @abstractmethod
    def time_in(self, answer: Any) -> int:
        """The venue's time in ns, out of its answer to that."""

    @abstractmethod
    def _make_client(self, urls: VenueUrls) -> Any:
        """A client without keys; imports the library. Runs off the loop."""

    @abstractmethod
    def _markets_loaded(self) -> None:
        """The client knows its markets: prepare `frames`."""

    # -- life

    async def open(self) -> None:
        """Import the library, load the venue's markets, learn its clock. Does nothing once that has been done.

        Raises `FeedTrouble` where the venue cannot be reached.
        """
        async with self._opening:
            if self.client is not None:
                return
            loaded = await asyncio.to_thread(self._load)
            client = await asyncio.to_thread(self._make_client, self._urls)
            client.set_markets_from_exchange(loaded)
            self._tap(client)
            symbols = {asset: self._symbol_of(asset) for asset in self.assets}
            self.symbols = {asset: symbol for asset, symbol in symbols.items() if symbol in client.markets}
            self.client = client
            self._markets_loaded()
        try:
            for _ in range(CLOCK_SAMPLES):
                await self.ask_time()
        finally:
            self.opened.set()

    def _symbol_of(self, asset: str) -> str:
        """The library's name of what is traded there: the perpetual, or the config's spot product."""
        product = self.spot_products.get(asset)
        return f"{asset}/{self.quote}:{self.quote}" if product is None else product.replace("-", "/")

    async def close(self) -> None:
        """Close every socket; `open` opens anew."""
        client, self.client = self.client, None
        self.opened.clear()
        if client is not None:
            await client.close()

    def _load(self) -> Any:
        """Another client, on a loop of its own in this thread, that has loaded the markets: parsing takes a while."""
        client = self._make_client(self._urls)
        self._tap_rest(client)
        try:
            return with_markets(client)
        except Exception as error:
            raise self._trouble("markets", error) from None  # the library's own text has the whole address in it

    # -- messages

    def listen(self, listener: Listener) -> None:
        """Let every message of the stream pass by this listener; a later one takes its place."""
        self._listener = listener

    def _tap(self, client: Any) -> None:
        self._tap_rest(client)
        handle = client.handle_message

        def tapped(socket: Any, message: Any) -> None:
            listener = self._listener
            if listener is None:
                handle(socket, message)
                return
            is_data = isinstance(message, dict)
            if is_data and listener.takes(message):
                return
            try:
                handle(socket, message)
            except Exception as error:
                # Raised into the socket's own loop it would end all reading, and nobody would be told.
                listener.library_broke(error)
                return
            if is_data:
                listener.library_took(message)

        client.handle_message = tapped
        tap_sockets(client, self._takes_text, self._broke)

    def _takes_text(self, text: str | bytes) -> bool:
        return self._listener is not None and self._listener.takes_text(text)

    def _broke(self, error: Exception) -> None:
        if self._listener is None:
            raise error
        self._listener.library_broke(error)

    def subscribe_anew(self, channel: Channel, reason: str) -> None:
        """Fail the channel's waiters, so that they subscribe again, on the same socket."""
        socket = self.client.clients.get(self.sockets[channel])
        for name in self.hashes(channel) if socket is not None else ():
            socket.subscriptions.pop(name, None)
            if name in socket.futures:
                socket.reject(FeedTrouble(reason), name)

    def dial_anew(self, channel: Channel, reason: str) -> None:
        """Drop the channel's socket with everything on it: all its waiters fail and subscribe again on a new one."""
        socket = self.client.clients.get(self.sockets[channel])
        if socket is not None:
            socket.on_error(FeedTrouble(reason))

    def market_id(self, asset: str) -> str:
        """The venue's own name of the asset's perpetual. Raises `FeedTrouble` where it lists none."""
        if asset not in self.symbols:
            raise FeedTrouble(f"{self.name}: expected a perpetual of {asset} against {self.quote}, was none listed")
        return str(self.client.market(self.symbols[asset])["id"])

    def unit(self, asset: str) -> float:
        """Base coins in one of the venue's units of quantity."""
        return 1.0

    def book(self, asset: str) -> Any:
        """The library's book of the asset, None while it has none or is closed. It changes in place: copy what is
        needed.
        """
        return None if self.client is None else self.client.orderbooks.get(self.symbols[asset])

    # -- questions

    async def ask(self, endpoint: str, **params: object) -> Any:
        """The venue's raw answer to one of the library's endpoints.

        Raises `FeedTrouble`, with the time to wait where the venue named one.
        """
        waits_s = self.budget.wait_s()
        if waits_s > 0:
            raise FeedTrouble(f"{self.name}: asked enough for now, waits {waits_s:.0f} s", waits_s)
        try:
            return await getattr(self.client, endpoint)(params)
        except Exception as error:
            raise self._trouble(endpoint, error) from None

    async def bars(self, asset: str) -> tuple[Candle, ...]:
        """Its newest bars of a minute, the running one among them; only once it is open. Raises `FeedTrouble`."""
        self.market_id(asset)
        what, now_ns = f"{self.name} bars of {asset}", self.now_ns()
        try:
            rows = await self.client.fetch_ohlcv(
                self.symbols[asset], BAR, first_start_ms(now_ns, self.most_bars), self.most_bars
            )
        except Exception as error:
            raise self._trouble(f"bars of {asset}", error) from None
        return candles_of(rows, what, self.now_ns(), self.bars_count_coins)

    async def ask_hours(self) -> None:
        """Ask when the venue trades; nothing where it never closes. Raises `FeedTrouble`."""
        return

    def trading_hours(self, asset: str) -> TradingHours | None:
        """When the venue trades there, as last asked; None where it never closes, or has not answered yet."""
        return None

    # -- time

    async def ask_time(self) -> None:
        """Compare clocks once more. Raises `FeedTrouble`."""
        self.time_doubted.clear()
        await self._compare(lambda: self.ask(self.time_endpoint, **self.time_params))

    async def compare_clocks(self) -> None:
        """Compare clocks before anything runs, on a loop that ends with it. Raises `FeedTrouble`."""
        client = await asyncio.to_thread(self._make_client, self._urls)
        client.timeout_on_exit = CLOSE_WITHIN_MS
        try:
            for _ in range(CLOCK_SAMPLES):
                await self._compare(lambda: getattr(client, self.time_endpoint)(dict(self.time_params)))
        except Exception as error:
            raise self._trouble("time", error) from None
        finally:
            await client.close()

    async def _compare(self, ask: Callable[[], Awaitable[Any]]) -> None:
        asked_ns = self.timing.clock()
        answer = await ask()
        got_ns = self.timing.clock()
        try:
            venue_ns = self.time_in(answer)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise FeedTrouble(f"{self.name}: expected its time, was {shown(answer)}") from error
        self.clock.answered(asked_ns, venue_ns, got_ns)

    def forget_time(self) -> None:
        """Our own clock was put right: what was learnt by it does not count."""
        self.clock = VenueClock()

    def doubt_time(self) -> None:
        """Something it sent is stamped as if its clock had jumped: it is to be asked soon."""
        self.time_doubted.set()

    def now_ns(self) -> int:
        """What time it is at the venue."""
        return self.timing.clock() + self.clock.offset_ns

    def _trouble(self, what: str, error: Exception) -> FeedTrouble:
        if isinstance(error, FeedTrouble):
            return error
        return FeedTrouble(f"{self.name} {what}: {error_text(error)}", self.budget.wait_s() or None)

    def _tap_rest(self, client: Any) -> None:
        """See the status and headers of every answer, and stop the library from asking while the venue says wait."""
        answered, throttle = client.on_rest_response, client.throttle

        def tapped(status: int, reason: str, url: str, method: str, headers: Mapping[str, str], *rest: Any) -> Any:
            self.budget.answered(status, headers)
            return answered(status, reason, url, method, headers, *rest)

        async def throttled(cost: float | None = None) -> None:
            waits_s = self.budget.wait_s()
            if waits_s > 0:
                raise FeedTrouble(f"{self.name}: asked enough for now, waits {waits_s:.0f} s", waits_s)
            await throttle(cost)

        client.on_rest_response = tapped
        client.throttle = throttled


# The bars of before, for the eye only: a chart has something on it at its first picture.


def first_start_ms(now_ns: int, most: int) -> int:
    """Where the oldest of the newest bars begins, the running one being the newest."""
    return (now_ns // BAR_NS - most + 1) * BAR_MS


def candles_of(rows: Any, what: str, now_ns: int, counts_coins: bool) -> tuple[Candle, ...]:
    """The library's bars as candles; one that cannot be read is left out.

    None of them tells what takers bought minus sold. Raises `FeedTrouble` where no bar is left.
    """

    def candle(row: Any) -> Candle:
        start_ns = int(number(row, START_MS, what)) * NS_PER_MS
        refuse_future(start_ns, now_ns, what)
        opened, high, low, close = (number(row, field, what) for field in (OPEN, HIGH, LOW, CLOSE))
        if not 0.0 < low <= min(opened, close) <= max(opened, close) <= high:
            raise FeedTrouble(f"{what}: expected a bar from low to high, was {opened:g}, {high:g}, {low:g}, {close:g}")
        return Candle(start_ns, opened, high, low, close, number(row, VOLUME, what) if counts_coins else None, None)

    found, unreadable = read_rows(what, rows if isinstance(rows, list) else [], candle)
    if not found:
        raise FeedTrouble(unreadable[0] if unreadable else f"{what}: expected at least one, was none")
    return tuple(found)
