"""What Kraken Futures does differently from other exchanges, seen through the client library."""

from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar

from cockpit.config.endpoints import VenueUrls
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.krakenfutures.client import kraken_client
from cockpit.exchanges.krakenfutures.frames import VENUE, KrakenFrames
from cockpit.exchanges.krakenfutures.parsing import stamp_ns


class KrakenFutures(Exchange):
    """One socket for every public channel. Its perpetuals are quoted and settled in USD."""

    name = VENUE
    quote = "USD"
    names: ClassVar[Mapping[Channel, str]] = {
        Channel.TRADES: "trade:",
        Channel.LIQUIDATIONS: "trade:",
        Channel.TOPS: "ticker:",
        Channel.MARK: "ticker:",
        Channel.DEPTH: "orderbook:",
    }
    """Forced orders are among the prints, marks among the tops."""

    def watch(self, channel: Channel) -> Awaitable[object]:
        """Forced orders come with the prints, tops and marks with the tickers."""
        if channel in (Channel.TOPS, Channel.MARK):
            watching: Awaitable[object] = self.client.watch_tickers(list(self.symbols.values()))
            return watching
        return super().watch(Channel.TRADES if channel is Channel.LIQUIDATIONS else channel)

    @property
    def time_endpoint(self) -> str:
        """The smallest of its answers; each says the time."""
        return "publicGetFeeschedules"

    def time_in(self, answer: Any) -> int:
        """The venue's clock, to the millisecond."""
        return stamp_ns(answer["serverTime"])

    def _tap(self, client: Any) -> None:
        """The library follows a book without looking at its sequence: a change that was missed is found here."""
        super()._tap(client)
        begin, follow = client.handle_order_book_snapshot, client.handle_order_book

        def began(socket: Any, message: Any) -> None:
            begin(socket, message)
            client.orderbooks[client.safe_symbol(message["product_id"])]["nonce"] = int(message["seq"])

        def followed(socket: Any, message: Any) -> None:
            symbol, sequence = client.safe_symbol(message["product_id"]), int(message["seq"])
            book = client.orderbooks.get(symbol)
            if book is None:
                return  # changes of a book that was given up
            if book["nonce"] is None or sequence != book["nonce"] + 1:
                del client.orderbooks[symbol]
                name = self.names[Channel.DEPTH] + symbol
                socket.subscriptions.pop(name, None)
                socket.reject(_gap(f"expected {book['nonce']} to be followed, was {sequence}"), name)
                return
            follow(socket, message)
            book["nonce"] = sequence

        client.handle_order_book_snapshot = began
        client.handle_order_book = followed

    def _make_client(self, urls: VenueUrls) -> Any:
        return kraken_client(urls)

    def _markets_loaded(self) -> None:
        ids = {str(self.client.market(symbol)["id"]).upper(): asset for asset, symbol in self.symbols.items()}
        self.frames = KrakenFrames(ids)


def _gap(sentence: str) -> Exception:
    """As the library calls it where it looks for one itself."""
    from ccxt.base.errors import InvalidNonce

    gap: Exception = InvalidNonce(sentence)
    return gap
