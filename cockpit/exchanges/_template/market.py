"""What the venue does differently from other exchanges, seen through the client library."""

from collections.abc import Mapping
from typing import Any, ClassVar

from cockpit.config.endpoints import VenueUrls
from cockpit.exchanges._template.client import VENUE, template_client
from cockpit.exchanges._template.frames import TemplateFrames
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.public import Exchange


class Template(Exchange):
    """Which sockets there are, what the library calls each channel, and where its clock is asked.

    `unit` where quantities are contracts; `watch` where a channel comes with another one; `subscribe_anew` where a
    book's snapshot needs a new socket.
    """

    name = VENUE
    quote = "USDT"
    names: ClassVar[Mapping[Channel, str]] = {}
    """What the library puts before a symbol where it files a channel's subscriptions: read it in its class."""

    @property
    def sockets(self) -> Mapping[Channel, str]:
        """The channels it has, each with its socket's address: one that has no forced orders leaves them out."""
        raise NotImplementedError("market: the channels and their sockets")

    @property
    def time_endpoint(self) -> str:
        """The library's name of the question what time it is; the smallest answer that says it."""
        raise NotImplementedError("market: where the time is asked")

    def time_in(self, answer: Any) -> int:
        """The venue's time in ns."""
        raise NotImplementedError("market: the time in the answer")

    def _make_client(self, urls: VenueUrls) -> Any:
        return template_client(urls)

    def _markets_loaded(self) -> None:
        ids = {str(self.client.market(symbol)["id"]): asset for asset, symbol in self.symbols.items()}
        self.frames = TemplateFrames(ids)
