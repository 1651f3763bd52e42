"""What Coinbase does differently from other exchanges, seen through the client library."""

import asyncio
from collections.abc import Awaitable, Mapping
from functools import cached_property
from typing import Any, ClassVar

from cockpit.config.endpoints import VenueUrls
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account_facts import TradingHours
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.coinbase.client import coinbase_client
from cockpit.exchanges.coinbase.frames import VENUE, CoinbaseFrames
from cockpit.exchanges.coinbase.products import Products, spot_hours

BOOK = "level2"


class Coinbase(Exchange):
    """One socket for every public channel, whose messages are numbered through. Its futures are in USD."""

    name = VENUE
    quote = "USD"
    most_bars: ClassVar[int] = 300
    bars_count_coins: ClassVar[bool] = False
    """They count contracts."""
    names: ClassVar[Mapping[Channel, str]] = {
        Channel.TRADES: "market_trades::",
        Channel.TOPS: "ticker::",
        Channel.DEPTH: f"{BOOK}::",
        Channel.HEARTBEAT: "heartbeats::",
    }
    """It tells no mark and no forced orders."""

    @cached_property
    def _products(self) -> Products:
        return Products()

    @cached_property
    def _spot_hours(self) -> dict[str, TradingHours]:
        return {}

    def watch(self, channel: Channel) -> Awaitable[object]:
        """By the channel's own name: the library would take tops from a channel of one word in five seconds."""
        if channel not in self.names:
            raise ValueError(f"expected a channel of {self.name}, was {channel}")
        name, symbols = self.names[channel].removesuffix("::"), list(self.symbols.values())
        watching: Awaitable[object] = self.client.subscribe_multiple(name, False, symbols)
        return watching

    @property
    def time_endpoint(self) -> str:
        """Its clock in ms."""
        return "v3PublicGetBrokerageTime"

    def time_in(self, answer: Any) -> int:
        """The venue's clock, to the millisecond."""
        return int(answer["epochMillis"]) * NS_PER_MS

    async def ask_hours(self) -> None:
        """Of every product by itself: the list of all of them is long."""
        for asset in self.symbols:
            body = await self.ask("v3PublicGetBrokerageMarketProductsProductId", product_id=self.market_id(asset))
            if asset in self.spot_products:
                self._spot_hours[asset] = spot_hours(body, self.timing.clock())
            else:
                self._products.read([body], self.timing.clock())

    def trading_hours(self, asset: str) -> TradingHours | None:
        """By the venue's clock, to which the session's time is kept."""
        return self._spot_hours.get(asset) or self._products.hours(asset, int)

    def unit(self, asset: str) -> float:
        """Base coins in one contract; spot is counted in coins."""
        if asset in self.spot_products:
            return 1.0
        return float(self.client.market(self.symbols[asset])["contractSize"])

    def _tap(self, client: Any) -> None:
        """The library follows a book without looking at the numbers: a change that was missed is found here."""
        super()._tap(client)
        inner, follow = client.handle_message, client.handle_order_book

        def numbered(socket: Any, message: Any) -> None:
            number = message.get("sequence_num") if isinstance(message, dict) else None
            if number is not None:
                before, socket.sequence_num = getattr(socket, "sequence_num", None), number
                if before is not None and number not in (before, before + 1):
                    self._missed(socket, f"expected message {before + 1}, was {number}")
            inner(socket, message)

        def followed(socket: Any, message: Any) -> None:
            follow(socket, message)
            for event in message["events"]:
                book = client.orderbooks.get(client.safe_symbol(event["product_id"]))
                if book is not None:
                    book["nonce"] = message["sequence_num"]

        client.handle_message = numbered
        client.handle_order_book = followed

    def _missed(self, socket: Any, sentence: str) -> None:
        """What it said is not known: every book is given up, and asked for anew from its beginning."""
        from ccxt.base.errors import InvalidNonce

        self.client.orderbooks.clear()
        ids = [self.market_id(asset) for asset in self.symbols]
        leaving = {"type": "unsubscribe", "product_ids": ids, "channel": BOOK}
        asyncio.ensure_future(socket.send(leaving)).add_done_callback(_retrieved)
        for name in self.hashes(Channel.DEPTH):
            socket.subscriptions.pop(name, None)
            socket.reject(InvalidNonce(sentence), name)

    def _make_client(self, urls: VenueUrls) -> Any:
        return coinbase_client(urls)

    def _markets_loaded(self) -> None:
        ids = {self.market_id(asset): asset for asset in self.symbols}
        self.frames = CoinbaseFrames(ids, {asset: self.unit(asset) for asset in self.symbols})


def _retrieved(sent: "asyncio.Future[Any]") -> None:
    """A socket that broke meanwhile is its own news."""
    if not sent.cancelled():
        sent.exception()
