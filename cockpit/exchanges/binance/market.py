"""What Binance's USD-M futures do differently from other exchanges, seen through the client library."""

from collections.abc import Mapping
from typing import Any, ClassVar

from cockpit.config.endpoints import VenueUrls
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.binance.client import binance_client
from cockpit.exchanges.binance.decoder import BinanceDecoder
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
    weight_per_minute = 2_400.0
    trades_params: ClassVar[Mapping[str, str]] = {"name": "aggTrade"}
    names: ClassVar[Mapping[Channel, str]] = {
        Channel.TRADES: "trade::",
        Channel.TOPS: "bidask:bookTicker@",
        Channel.DEPTH: "orderbook::",
        Channel.MARK: "markPrice:markPrice@",
        Channel.LIQUIDATIONS: "liquidations::",
    }

    @property
    def sockets(self) -> Mapping[Channel, str]:
        """Binance serves its categories under different roots."""
        return {channel: f"{self.client.get_ws_url('linear', root)}/0" for channel, root in CATEGORY.items()}

    def hashes(self, channel: Channel) -> tuple[str, ...]:
        """Forced orders are filed under the venue's own name as well."""
        names = super().hashes(channel)
        if channel is not Channel.LIQUIDATIONS:
            return names
        ids = (self.client.market(symbol)["lowercaseId"] for symbol in self.symbols.values())
        return (*names, *(f"{market_id}@forceOrder" for market_id in ids))

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
        self.decoder = BinanceDecoder(ids)
