"""What Hyperliquid does differently from other exchanges, seen through the client library."""

import asyncio
from collections.abc import Awaitable, Iterator, Mapping
from typing import Any, ClassVar

from cockpit.config.endpoints import VenueUrls
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.hyperliquid.client import VENUE, hyperliquid_client
from cockpit.exchanges.hyperliquid.forced_fills import VAULTS
from cockpit.exchanges.hyperliquid.frames import HyperliquidFrames

SUBSCRIPTIONS = {
    Channel.TRADES: "trades",
    Channel.TOPS: "bbo",
    Channel.DEPTH: "l2Book",
    Channel.MARK: "activeAssetCtx",
    Channel.LIQUIDATIONS: "userFills",
}
"""The venue's own names. Of the best prices and of others' fills the library knows nothing: they are asked for here."""


class Hyperliquid(Exchange):
    """One socket for every public channel, a subscription a message. Its perpetuals are quoted and settled in USDC."""

    name = VENUE
    quote = "USDC"
    names: ClassVar[Mapping[Channel, str]] = {
        Channel.TRADES: "trade:",
        Channel.TOPS: "bbo:",
        Channel.DEPTH: "orderbook:",
        Channel.MARK: "ticker:",
        Channel.LIQUIDATIONS: "fills:",
    }
    time_params: ClassVar[Mapping[str, object]] = {"type": "exchangeStatus"}

    @property
    def socket_url(self) -> str:
        """The one for everything."""
        return str(self.client.urls["api"]["ws"]["public"])

    def hashes(self, channel: Channel) -> tuple[str, ...]:
        """A subscription an asset; to forced orders one a vault."""
        return tuple(hash_ for hash_, _ in self._subscriptions(channel))

    def _subscriptions(self, channel: Channel) -> Iterator[tuple[str, dict[str, str]]]:
        kind, name = SUBSCRIPTIONS[channel], self.names[channel]
        if channel is Channel.LIQUIDATIONS:
            for vault in VAULTS:
                yield name + vault, {"type": kind, "user": vault}
            return
        for symbol in self.symbols.values():
            yield name + symbol, {"type": kind, "coin": str(self.client.market(symbol)["baseName"])}

    async def _any_of(self, waiting: list[Awaitable[object]]) -> object:
        futures = {asyncio.ensure_future(one) for one in waiting}
        done, _ = await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        failures = [failure for one in done if (failure := one.exception()) is not None]
        if failures:
            raise failures[0]
        return None

    def watch(self, channel: Channel) -> Awaitable[object]:
        """Subscribe for every asset; the library has no call that takes several."""
        waiting = [
            self.client.watch(self.socket_url, hash_, {"method": "subscribe", "subscription": asked}, hash_)
            for hash_, asked in self._subscriptions(channel)
        ]
        return self._any_of(waiting)

    def subscribe_anew(self, channel: Channel, reason: str) -> None:
        """What the venue may still hold a subscription of is given up first: it takes none twice."""
        socket = self.client.clients.get(self.socket_url)
        if socket is not None and socket.connected.done():
            for _, asked in self._subscriptions(channel):
                frame = {"method": "unsubscribe", "subscription": asked}
                asyncio.ensure_future(socket.send(frame)).add_done_callback(_retrieved)
        super().subscribe_anew(channel, reason)

    @property
    def time_endpoint(self) -> str:
        """The smallest of its answers that says the time."""
        return "publicPostInfo"

    def time_in(self, answer: Any) -> int:
        """The venue's clock, to the millisecond."""
        return int(answer["time"]) * 1_000_000

    def market_id(self, asset: str) -> str:
        """The venue's coin: its markets have numbers beside it."""
        if asset not in self.symbols:
            raise FeedTrouble(f"{self.name}: expected a perpetual of {asset} against {self.quote}, was none listed")
        return str(self.client.market(self.symbols[asset])["baseName"])

    def _tap(self, client: Any) -> None:
        """Every message is the whole book: its time is its number."""
        super()._tap(client)
        follow = client.handle_order_book

        def followed(socket: Any, message: Any) -> None:
            follow(socket, message)
            data = message["data"]
            client.orderbooks[client.market(client.coin_to_market_id(data["coin"]))["symbol"]]["nonce"] = data["time"]

        client.handle_order_book = followed

    def _make_client(self, urls: VenueUrls) -> Any:
        return hyperliquid_client(urls)

    def _markets_loaded(self) -> None:
        coins = {self.market_id(asset): asset for asset in self.symbols}
        self.frames = HyperliquidFrames(coins, self.now_ns)


def _retrieved(task: "asyncio.Future[Any]") -> None:
    if not task.cancelled():
        task.exception()
