"""What OKX does differently from other exchanges, seen through the client library."""

from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar

from cockpit.config.endpoints import VenueUrls
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.okx.client import okx_client
from cockpit.exchanges.okx.decoder import OkxDecoder
from cockpit.exchanges.okx.frames import VENUE, Contract, OkxFrames

INDEX_CHANNEL = "index-tickers"


class Okx(Exchange):
    """One socket for every public channel. Quantities come in contracts; mark and index come apart."""

    name = VENUE
    most_bars: ClassVar[int] = 300
    names: ClassVar[Mapping[Channel, str]] = {
        Channel.TRADES: "trades:",
        Channel.TOPS: "bidask::",
        Channel.DEPTH: "books:",
        Channel.MARK: "mark-price::",
        Channel.LIQUIDATIONS: "liquidations::",
    }

    @property
    def sockets(self) -> Mapping[Channel, str]:
        """All on the public one."""
        return dict.fromkeys((*self.names, Channel.INDEX), self.client.get_url("trades", "public"))

    def watch(self, channel: Channel) -> Awaitable[object]:
        """The library knows no index."""
        return self._watch_indices() if channel is Channel.INDEX else super().watch(channel)

    def hashes(self, channel: Channel) -> tuple[str, ...]:
        """An index has no symbol of the library's."""
        if channel is Channel.INDEX:
            return tuple(f"{INDEX_CHANNEL}::{index}" for index in self._indices())
        return super().hashes(channel)

    @property
    def time_endpoint(self) -> str:
        """The public one."""
        return "publicGetPublicTime"

    def time_in(self, answer: Any) -> int:
        """The venue's clock, to the millisecond."""
        return int(answer["data"][0]["ts"]) * NS_PER_MS

    def subscribe_anew(self, channel: Channel, reason: str) -> None:
        """A book's snapshot comes only with a subscription the venue takes for a first one: that needs a new socket."""
        if channel is Channel.DEPTH:
            self.dial_anew(channel, reason)
        else:
            super().subscribe_anew(channel, reason)

    def unit(self, asset: str) -> float:
        """Base coins in one contract."""
        return float(self.client.market(self.symbols[asset])["contractSize"])

    def _watch_indices(self) -> Awaitable[object]:
        """The library has no name for an index: it is subscribed to by the venue's."""
        names = list(self.hashes(Channel.INDEX))
        topics = [{"channel": INDEX_CHANNEL, "instId": index} for index in self._indices()]
        watching: Awaitable[object] = self.client.watch_multiple(
            self.sockets[Channel.INDEX], names, {"op": "subscribe", "args": topics}, names
        )
        return watching

    def _indices(self) -> dict[str, str]:
        """The index's name at the venue (BTC-USDT), and its asset."""
        found = {}
        for asset, symbol in self.symbols.items():
            market = self.client.market(symbol)
            found[market["info"].get("uly") or market["id"].removesuffix("-SWAP")] = asset
        return found

    def _make_client(self, urls: VenueUrls) -> Any:
        return okx_client(urls)

    def _markets_loaded(self) -> None:
        contracts = {
            self.client.market(symbol)["id"]: Contract(asset, self.unit(asset))
            for asset, symbol in self.symbols.items()
        }
        frames = OkxFrames(contracts, self._indices())
        self.frames = frames
        self.decoder = OkxDecoder(contracts, self._indices(), frames.index_prices)
