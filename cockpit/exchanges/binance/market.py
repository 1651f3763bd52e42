"""What Binance's USD-M futures do differently from other exchanges, seen through the client library."""

from collections.abc import Awaitable, Mapping
from typing import Any

from cockpit.config.endpoints import VenueUrls
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.binance.client import binance_client
from cockpit.exchanges.binance.frames import VENUE, BinanceFrames

CATEGORY = {
    Channel.TRADES: "market",
    Channel.MARK: "market",
    Channel.LIQUIDATIONS: "market",
    Channel.TOPS: "public",
    Channel.DEPTH: "public",
}


class Binance(Exchange):
    """Two sockets: one for what is derived (prints, marks, forced orders), one for the book (tops, depth).

    The marks that come once a second thus vouch for the socket of prints and forced orders, however quiet these are.
    """

    name = VENUE

    @property
    def weight_per_minute(self) -> float | None:
        """The allowance of one address, in the venue's weight."""
        return 2_400.0

    @property
    def sockets(self) -> Mapping[Channel, str]:
        """Binance serves its categories under different roots."""
        return {channel: f"{self.client.get_ws_url('linear', root)}/0" for channel, root in CATEGORY.items()}

    def watch(self, channel: Channel) -> Awaitable[object]:
        """One subscription for all symbols of the channel."""
        client, symbols = self.client, list(self.symbols.values())
        watching: Awaitable[object]
        match channel:
            case Channel.TRADES:
                watching = client.watch_trades_for_symbols(symbols, params={"name": "aggTrade"})
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
        prefix = {
            Channel.TRADES: "trade::",
            Channel.TOPS: "bidask:bookTicker@",
            Channel.DEPTH: "orderbook::",
            Channel.MARK: "markPrice:markPrice@",
            Channel.LIQUIDATIONS: "liquidations::",
        }[channel]
        names = [prefix + symbol for symbol in self.symbols.values()]
        if channel is Channel.LIQUIDATIONS:
            names += [f"{self.client.market(symbol)['lowercaseId']}@forceOrder" for symbol in self.symbols.values()]
        return tuple(names)

    @property
    def time_endpoint(self) -> str:
        """Of the futures: other hosts have other clocks."""
        return "fapiPublicGetTime"

    def time_in(self, answer: Any) -> int:
        """The venue's clock, to the millisecond."""
        return int(answer["serverTime"]) * NS_PER_MS

    def _make_client(self, urls: VenueUrls) -> Any:
        return binance_client(urls)

    def _markets_loaded(self) -> None:
        ids = {self.client.market(symbol)["id"]: asset for asset, symbol in self.symbols.items()}
        self.frames = BinanceFrames(ids)
