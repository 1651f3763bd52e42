"""What Bybit does differently from other exchanges, seen through the client library."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from cockpit.config.endpoints import VenueUrls
from cockpit.config.live import LiveSection
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.bybit.client import VENUE, bybit_client, public_url
from cockpit.exchanges.bybit.frames import TOPICS, BybitFrames


class Bybit(Exchange):
    """One socket for every public channel. Quantities are base coins."""

    name = VENUE
    names: ClassVar[Mapping[Channel, str]] = {
        Channel.TRADES: "trade:",
        Channel.TOPS: "bidask:",
        Channel.DEPTH: "orderbook:",
        Channel.MARK: "ticker:",
        Channel.LIQUIDATIONS: "liquidations::",
    }

    def __init__(self, assets: Sequence[str], urls: VenueUrls, live: LiveSection, timing: Timing | None = None) -> None:
        super().__init__(assets, urls, live, timing)
        self._sending: set[asyncio.Future[Any]] = set()

    @property
    def socket_url(self) -> str:
        """That of linear contracts."""
        return public_url(self.client)

    def watch(self, channel: Channel) -> Awaitable[object]:
        """Marks come with the tickers; of forced orders the library subscribes to one symbol at a time."""
        watching: Awaitable[object]
        if channel is Channel.MARK:
            watching = self.client.watch_tickers(list(self.symbols.values()))
        elif channel is Channel.LIQUIDATIONS:
            topics = self._topics(channel, self.symbols)
            watching = self.client.watch_topics(self.sockets[channel], list(self.hashes(channel)), topics)
        else:
            watching = super().watch(channel)
        return watching

    @property
    def time_endpoint(self) -> str:
        """The public one."""
        return "publicGetV5MarketTime"

    def time_in(self, answer: Any) -> int:
        """The venue's clock, to the nanosecond."""
        return int(answer["result"]["timeNano"])

    def subscribe_anew(self, channel: Channel, reason: str) -> None:
        """What the venue still sends is taken back first: of a topic that it has already it sends no snapshot."""
        socket = self.client.clients.get(self.sockets[channel])
        if socket is not None:
            self._unsubscribe(socket, self._topics(channel, self.symbols))
        super().subscribe_anew(channel, reason)

    def _unsubscribe(self, socket: Any, topics: list[str]) -> None:
        frame = {"op": "unsubscribe", "req_id": str(self.client.request_id()), "args": topics}
        sending = asyncio.ensure_future(socket.send(frame))
        self._sending.add(sending)
        sending.add_done_callback(self._sent)

    def _sent(self, sending: asyncio.Future[Any]) -> None:
        """A socket that is gone needs no goodbye."""
        self._sending.discard(sending)
        if not sending.cancelled():
            sending.exception()

    def _topics(self, channel: Channel, assets: Iterable[str]) -> list[str]:
        return [f"{TOPICS[channel]}.{self.market_id(asset)}" for asset in assets]

    def _tap(self, client: Any) -> None:
        """The library follows a book without looking at its update ids: a change that was missed is found here."""
        super()._tap(client)
        follow = client.handle_order_book

        def followed(socket: Any, message: Any) -> None:
            data = message["data"]
            symbol, update_id = client.safe_symbol(data["s"], None, None, "contract"), int(data["u"])
            known = client.orderbooks.get(symbol)
            before = None if known is None else known["nonce"]
            if message["type"] != "snapshot":
                if known is None:
                    return  # changes of a book that was given up
                if before is None or update_id != before + 1:
                    self._give_up_book(socket, symbol, f"expected {before} to be followed, was {update_id}")
                    return
            follow(socket, message)
            client.orderbooks[symbol]["nonce"] = update_id

        client.handle_order_book = followed

    def _give_up_book(self, socket: Any, symbol: str, why: str) -> None:
        name = self.names[Channel.DEPTH] + symbol
        del self.client.orderbooks[symbol]
        self._unsubscribe(socket, [f"{TOPICS[Channel.DEPTH]}.{self.client.market_id(symbol)}"])
        socket.subscriptions.pop(name, None)
        socket.reject(_gap(why), name)

    def _make_client(self, urls: VenueUrls) -> Any:
        return bybit_client(urls)

    def _markets_loaded(self) -> None:
        self.frames = BybitFrames({self.market_id(asset): asset for asset in self.symbols})


def _gap(sentence: str) -> Exception:
    """As the library calls it where it looks for one itself."""
    from ccxt.base.errors import InvalidNonce

    gap: Exception = InvalidNonce(sentence)
    return gap
