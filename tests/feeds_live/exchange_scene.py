"""A venue on loopback, the real client library, and our feed on it: one scene for both exchanges."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from cockpit.config.endpoints import VenueUrls
from cockpit.config.live import LiveSection
from cockpit.domain.events import AnyEvent, Depth, FeedHealth, Liquidation, MarkPrice, Top, Trade
from cockpit.domain.kinds import FeedState
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.feed import HANDED_OVER
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.streams import ExchangeStreams
from cockpit.exchanges.binance.market import Binance
from cockpit.exchanges.coinbase.market import Coinbase
from cockpit.exchanges.hyperliquid.market import Hyperliquid
from cockpit.exchanges.krakenfutures.market import KrakenFutures
from cockpit.exchanges.okx.market import Okx
from tests.loopback.exchange_binance import BinanceVenue
from tests.loopback.exchange_coinbase import NANO, CoinbaseVenue
from tests.loopback.exchange_coinbase import iso as coinbase_iso
from tests.loopback.exchange_coinbase import product as coinbase_product
from tests.loopback.exchange_coinbase import topic as coinbase_topic
from tests.loopback.exchange_hyperliquid import VAULT, HyperliquidVenue
from tests.loopback.exchange_krakenfutures import KrakenFuturesVenue, product
from tests.loopback.exchange_krakenfutures import topic as kraken_topic
from tests.loopback.exchange_okx import CONTRACTS, OkxVenue, topic
from tests.loopback.venue_server import VenueServer
from tests.patience import patient_s

WITHIN_S = patient_s(20.0)
PATIENT = LiveSection(silent_after_s=120, quiet_after_s=600, depth_every_ms=0, gap_wait_ms=100)
"""For what has nothing to do with silence."""
HASTY = LiveSection(silent_after_s=0.8, quiet_after_s=300, depth_every_ms=0, gap_wait_ms=100)
"""For what has."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def close_now(exchange: Exchange) -> None:
    """Close without the library's pause, which only encrypted connections need."""
    if exchange.client is not None:
        exchange.client.timeout_on_exit = 0
    await exchange.close()


KINDS: dict[Channel, type[AnyEvent]] = {
    Channel.TRADES: Trade,
    Channel.TOPS: Top,
    Channel.DEPTH: Depth,
    Channel.MARK: MarkPrice,
    Channel.LIQUIDATIONS: Liquidation,
}


class Scene:
    """Speaks of assets and base coins; each venue's own words are its subclass's business."""

    venue: Any
    exchange_type: type[Exchange]
    text_pong = ""
    price_field, stamp_field = "p", "T"
    """Of a print's message."""
    choking: ClassVar[Any]
    """A message of the book's channel that the client library cannot take."""

    def __init__(self, assets: Sequence[str], live: LiveSection) -> None:
        self.assets = assets
        self.live = live
        self.events: list[AnyEvent] = []
        self._changed = asyncio.Event()
        self.exchange: Exchange
        self.feed: ExchangeStreams
        self.task: asyncio.Task[None]

    def put(self, source: str, event: AnyEvent) -> Awaitable[None]:
        self.events.append(event)
        self._changed.set()
        return HANDED_OVER

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until an event makes it hold."""
        async with asyncio.timeout(WITHIN_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def until_seen(self, kind: type[AnyEvent], count: int = 1) -> list[Any]:
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def ids(self) -> list[int]:
        return [trade.trade_id for trade in self.of(Trade)]

    async def until_health(self, state: FeedState, part: str = "") -> FeedHealth:
        def found() -> list[FeedHealth]:
            return [word for word in self.of(FeedHealth) if word.state is state and part in word.detail]

        await self.until(lambda: bool(found()))
        return found()[-1]

    def start(self, venue: VenueServer) -> None:
        self.venue = venue
        self.exchange = self.exchange_type(self.assets, VenueUrls(venue.rest_url, venue.ws_url), self.live)
        self.feed = ExchangeStreams(self.exchange, self.live)
        self.task = asyncio.create_task(self.feed.run(self.put))

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await close_now(self.exchange)

    async def subscribed(self, *channels: Channel) -> None:
        """Wait until every channel (or these) of every asset is subscribed to."""
        topics = [self.topic(channel, asset) for channel in channels or self.channels() for asset in self.assets]
        async with asyncio.timeout(WITHIN_S):
            await self.venue.until_subscribed(*topics)

    # -- what each venue says in its own words

    def make_venue(self) -> VenueServer:
        raise NotImplementedError

    def channels(self) -> list[Channel]:
        raise NotImplementedError

    def topic(self, channel: Channel, asset: str) -> str:
        raise NotImplementedError

    def name(self, asset: str) -> str:
        raise NotImplementedError

    def kinds(self) -> set[type[AnyEvent]]:
        """What its channels become."""
        return {KINDS[channel] for channel in self.channels() if channel in KINDS}

    def row(self, frame: Any) -> Any:
        """The print in its message."""
        return frame["data"][0] if "data" in frame else frame

    def stamp(self, as_written: Any, ms: int) -> Any:
        """A time as the venue writes it."""
        return type(as_written)(ms)

    def contracts(self, asset: str, qty: float) -> float:
        return qty

    async def book_ready(self, asset: str) -> None:
        """Wait until the client has a book that follows the venue's."""
        raise NotImplementedError

    async def book_again(self, asset: str, depths: int) -> None:
        """Wait until the client has a new book in place of one with a gap; `depths` were seen of the old one."""
        raise NotImplementedError

    # -- what happens on the market

    async def trades(self, asset: str, ids: Sequence[int], price: float = 100.0, qty: float = 1.0) -> None:
        units = self.contracts(asset, qty)
        frames = [self.venue.trade_frame(self.name(asset), trade_id, price, units) for trade_id in ids]
        await self.venue.push(self.topic(Channel.TRADES, asset), *frames)

    async def top(self, asset: str, bid: float, bid_qty: float, ask: float, ask_qty: float) -> None:
        sizes = self.contracts(asset, bid_qty), self.contracts(asset, ask_qty)
        await self.venue.top(self.name(asset), bid, sizes[0], ask, sizes[1])

    async def mark(self, asset: str, mark: float, index: float) -> None:
        await self.venue.mark(self.name(asset), mark, index)

    async def liquidations(self, asset: str, count: int, long: bool = True) -> None:
        frames = [
            self.venue.liquidation_frame(self.name(asset), 100.0, self.contracts(asset, float(nth)), long)
            for nth in range(1, count + 1)
        ]
        await self.venue.push(self.topic(Channel.LIQUIDATIONS, asset), *frames)

    async def change_book(self, asset: str, bid_qty: float, skip: int = 0) -> None:
        """The best bid's size changes."""
        units = self.contracts(asset, bid_qty)
        await self.venue.depth(self.name(asset), [["100.0", f"{units}"]], [], skip)

    async def everything(self, asset: str, trade_id: int) -> None:
        """Data on every channel but the liquidations'."""
        await self.trades(asset, [trade_id])
        await self.top(asset, 100.0, 5.0, 100.1, 4.0)
        await self.change_book(asset, 5.0)
        await self.mark(asset, 100.05, 100.0)


class BinanceScene(Scene):
    exchange_type = Binance
    choking: ClassVar[Any] = ["no", "message"]

    def make_venue(self) -> VenueServer:
        return BinanceVenue(now_ms)

    def channels(self) -> list[Channel]:
        return [Channel.TRADES, Channel.TOPS, Channel.DEPTH, Channel.MARK, Channel.LIQUIDATIONS]

    def name(self, asset: str) -> str:
        return f"{asset}USDT"

    def topic(self, channel: Channel, asset: str) -> str:
        stream = {
            Channel.TRADES: "aggTrade",
            Channel.TOPS: "bookTicker",
            Channel.DEPTH: "depth@100ms",
            Channel.MARK: "markPrice@1s",
            Channel.LIQUIDATIONS: "forceOrder",
        }[channel]
        return f"{asset.lower()}usdt@{stream}"

    async def book_ready(self, asset: str) -> None:
        """The snapshot comes by REST, after the subscription."""

        def ready() -> bool:
            book = self.exchange.book(asset) if self.exchange.client is not None else None
            return book is not None and book["nonce"] is not None

        async with asyncio.timeout(WITHIN_S):
            while not ready():
                await asyncio.sleep(0.005)

    async def book_again(self, asset: str, depths: int) -> None:
        await self.book_ready(asset)


class OkxScene(Scene):
    exchange_type = Okx
    text_pong = "pong"
    price_field, stamp_field = "px", "ts"
    choking: ClassVar[Any] = {"arg": {"channel": "books", "instId": "BTC-USDT-SWAP"}, "action": "snapshot", "data": [7]}

    def make_venue(self) -> VenueServer:
        return OkxVenue(now_ms)

    def channels(self) -> list[Channel]:
        return [channel for channel in Channel if channel is not Channel.HEARTBEAT]

    def name(self, asset: str) -> str:
        return f"{asset}-USDT-SWAP"

    def contracts(self, asset: str, qty: float) -> float:
        return round(qty / float(CONTRACTS[asset][0]), 8)

    def topic(self, channel: Channel, asset: str) -> str:
        if channel is Channel.LIQUIDATIONS:
            return topic("liquidation-orders", "SWAP")
        if channel is Channel.INDEX:
            return topic("index-tickers", f"{asset}-USDT")
        name = {
            Channel.TRADES: "trades",
            Channel.TOPS: "bbo-tbt",
            Channel.DEPTH: "books",
            Channel.MARK: "mark-price",
        }[channel]
        return topic(name, f"{asset}-USDT-SWAP")

    async def book_ready(self, asset: str) -> None:
        """The snapshot is the subscription's first message."""
        async with asyncio.timeout(WITHIN_S):
            while self.exchange.client is None or self.exchange.book(asset) is None:
                await asyncio.sleep(0.005)

    async def book_again(self, asset: str, depths: int) -> None:
        """The new snapshot is a message of the stream, and so a depth of its own."""
        await self.until(lambda: len(self.of(Depth)) > depths)


class KrakenFuturesScene(Scene):
    exchange_type = KrakenFutures
    price_field, stamp_field = "price", "time"
    choking: ClassVar[Any] = {"feed": "book_snapshot", "product_id": "PF_XBTUSD", "seq": 1, "bids": [7], "asks": []}

    def make_venue(self) -> VenueServer:
        return KrakenFuturesVenue(now_ms)

    def channels(self) -> list[Channel]:
        return [Channel.TRADES, Channel.TOPS, Channel.DEPTH, Channel.MARK, Channel.LIQUIDATIONS]

    def name(self, asset: str) -> str:
        return product(asset)

    def topic(self, channel: Channel, asset: str) -> str:
        """Forced orders are among the prints, marks among the tops."""
        feed = {Channel.DEPTH: "book", Channel.TOPS: "ticker", Channel.MARK: "ticker"}.get(channel, "trade")
        return kraken_topic(feed, product(asset))

    async def book_ready(self, asset: str) -> None:
        """The snapshot is the subscription's first message."""
        async with asyncio.timeout(WITHIN_S):
            while self.exchange.client is None or self.exchange.book(asset) is None:
                await asyncio.sleep(0.005)

    async def book_again(self, asset: str, depths: int) -> None:
        await self.until(lambda: len(self.of(Depth)) > depths)


class HyperliquidScene(Scene):
    """A print's id orders nothing there: `ids` counts them as they came."""

    exchange_type = Hyperliquid
    text_pong = '{"channel":"pong"}'
    price_field, stamp_field = "px", "time"
    choking: ClassVar[Any] = {"channel": "l2Book", "data": {"coin": "NOPE", "time": 1, "levels": [[], []]}}

    def make_venue(self) -> VenueServer:
        return HyperliquidVenue(now_ms)

    def channels(self) -> list[Channel]:
        return [Channel.TRADES, Channel.TOPS, Channel.DEPTH, Channel.MARK, Channel.LIQUIDATIONS]

    def name(self, asset: str) -> str:
        return asset

    def ids(self) -> list[int]:
        numbers = super().ids()
        return [number - numbers[0] + 1 for number in numbers]

    def topic(self, channel: Channel, asset: str) -> str:
        """Forced orders are read off the fills of the venue's own vaults."""
        names = {Channel.TRADES: "trades", Channel.TOPS: "bbo", Channel.DEPTH: "l2Book", Channel.MARK: "activeAssetCtx"}
        return f"userFills:{VAULT}" if channel is Channel.LIQUIDATIONS else f"{names[channel]}:{asset}"

    async def book_ready(self, asset: str) -> None:
        """The first book comes with the subscription."""
        async with asyncio.timeout(WITHIN_S):
            while self.exchange.client is None or self.exchange.book(asset) is None:
                await asyncio.sleep(0.005)

    async def book_again(self, asset: str, depths: int) -> None:
        await self.until(lambda: len(self.of(Depth)) > depths)


class CoinbaseScene(Scene):
    exchange_type = Coinbase
    price_field, stamp_field = "price", "time"
    choking: ClassVar[Any] = {"channel": "l2_data", "timestamp": "2026-08-12T19:27:48Z", "events": [{"type": "update"}]}

    def make_venue(self) -> VenueServer:
        return CoinbaseVenue(now_ms)

    def channels(self) -> list[Channel]:
        return [Channel.TRADES, Channel.TOPS, Channel.DEPTH, Channel.HEARTBEAT]

    def name(self, asset: str) -> str:
        return coinbase_product(asset)

    def row(self, frame: Any) -> Any:
        return frame["events"][0]["trades"][0]

    def stamp(self, as_written: Any, ms: int) -> Any:
        return coinbase_iso(ms)

    def contracts(self, asset: str, qty: float) -> float:
        return round(qty / float(NANO[asset].size), 8)

    def topic(self, channel: Channel, asset: str) -> str:
        name = {
            Channel.TRADES: "market_trades",
            Channel.TOPS: "ticker",
            Channel.DEPTH: "level2",
            Channel.HEARTBEAT: "heartbeats",
        }[channel]
        return coinbase_topic(name, coinbase_product(asset))

    async def liquidations(self, asset: str, count: int, long: bool = True) -> None:
        """The venue tells none."""

    async def book_ready(self, asset: str) -> None:
        """The snapshot is the subscription's first message."""
        async with asyncio.timeout(WITHIN_S):
            while self.exchange.client is None or self.exchange.book(asset) is None:
                await asyncio.sleep(0.005)

    async def book_again(self, asset: str, depths: int) -> None:
        await self.until(lambda: len(self.of(Depth)) > depths)


@asynccontextmanager
async def playing(
    kind: type[Scene], assets: Sequence[str] = ("BTC",), live: LiveSection = PATIENT
) -> AsyncIterator[Scene]:
    """A scene with everything subscribed to."""
    scene = kind(assets, live)
    async with scene.make_venue() as venue:
        scene.start(venue)
        try:
            await scene.subscribed()
            yield scene
        finally:
            await scene.stop()
