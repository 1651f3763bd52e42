"""A venue's stream from the text of a frame on, without a network: the real client library, our feed on it, events out.

Beside it the same library alone, as it would parse the frame by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from cockpit.config.endpoints import VenueUrls
from cockpit.config.live import LiveSection
from cockpit.domain.events import AnyEvent, FeedHealth
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.feed import HANDED_OVER
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.streams import ExchangeStreams

LIVE = LiveSection(silent_after_s=120, quiet_after_s=600, depth_every_ms=0)


def unreached(made: type[Exchange], instruments: Sequence[Mapping[str, Any]], assets: Sequence[str]) -> Exchange:
    """The venue's exchange with these instruments for a market list; what it subscribes to it waits for in vain."""

    class Unreached(made):  # type: ignore[misc,valid-type]
        def watch(self, channel: Channel) -> Awaitable[object]:
            return asyncio.Event().wait()

        async def ask_time(self) -> None:
            """Our clock is taken for the venue's."""

        def _load(self) -> Any:
            client = self._make_client(VenueUrls())
            client.set_markets([client.parse_market(row) for row in instruments])
            return client

    return Unreached(assets, VenueUrls(), LIVE)


class FrameRig:
    """`read` a frame's text, and see the events it became."""

    def __init__(self, exchange: Exchange, live: LiveSection = LIVE) -> None:
        self.exchange = exchange
        self.feed = ExchangeStreams(exchange, live)
        self.events: list[AnyEvent] = []
        self._alone: list[LibraryAlone] = []

    async def run(self) -> None:
        await self.feed.run(self._put)

    async def begun(self) -> None:
        """The feed listens."""
        await self.exchange.open()
        while not self.feed.counts or self.exchange._listener is None:
            await asyncio.sleep(0)
        self.socket = self.exchange.client.client("wss://127.0.0.1/unreached")

    def read(self, text: str) -> list[AnyEvent]:
        """As the library hands over what its socket received."""
        self.events.clear()
        self.socket.handle_text_or_binary_message(text)
        return [event for event in self.events if not isinstance(event, FeedHealth)]

    def library(self) -> "LibraryAlone":
        """The same client once more, untouched."""
        client = self.exchange._make_client(VenueUrls())
        client.set_markets_from_exchange(self.exchange.client)
        self._alone.append(LibraryAlone(client))
        return self._alone[-1]

    async def close(self) -> None:
        for client in (self.exchange.client, *(alone.client for alone in self._alone)):
            client.timeout_on_exit = 0
            await client.close()

    def _put(self, source: str, event: AnyEvent) -> Awaitable[None]:
        self.events.append(event)
        return HANDED_OVER


class LibraryAlone:
    """The client library, parsing for itself."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.socket = client.client("wss://127.0.0.1/alone")

    def read(self, text: str) -> None:
        self.socket.handle_text_or_binary_message(text)


@asynccontextmanager
async def reading(exchange: Exchange, live: LiveSection = LIVE) -> AsyncIterator[FrameRig]:
    """The feed of an unreached exchange, for as long as needed."""
    rig = FrameRig(exchange, live)
    task = asyncio.create_task(rig.run())
    try:
        await rig.begun()
        yield rig
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await rig.close()


def seed(client: Any, symbol: str, bids: Sequence[Sequence[float]], asks: Sequence[Sequence[float]], nonce: int) -> Any:
    """Give the client a book as after its snapshot."""
    book = client.orderbooks[symbol] = client.order_book({}, 1_000)
    sides = {"bids": [list(level) for level in bids], "asks": [list(level) for level in asks]}
    book.reset({"symbol": symbol, **sides, "nonce": nonce, "timestamp": 0})
    return book
