"""A client of the venue: where it goes, and with keys, the only calls it may make.

Endpoints: name here the pages of the venue's documentation that the calls below are taken from.
"""

from typing import Any

from cockpit.config.endpoints import VenueUrls
from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.fence import Call, Fence, put_up
from cockpit.exchanges.base.library import new_client
from cockpit.exchanges.base.trading_client import arm

VENUE = "template"
"""Its name in the config, the registry and every event."""
REST_TIMEOUT_MS = 10_000
CALLS: frozenset[Call] = frozenset()
"""Every call that orders, stops, lookups and the account need, and no other: no transfer, no withdrawal, no edit."""
TOPICS: frozenset[str] = frozenset()
"""What may be subscribed to on the account's sockets."""


def template_client(urls: VenueUrls, keys: VenueKeys | None = None, is_demo: bool = False) -> Any:
    """A client, fenced where it has keys; imports the library, so call it off the loop."""
    client = new_client(VENUE, VENUE, {"timeout": REST_TIMEOUT_MS})
    if is_demo:
        client.set_sandbox_mode(True)
    move(client, urls)
    if keys is not None:
        arm(client, keys)
        put_up(client, fence(client))
    return client


def move(client: Any, urls: VenueUrls) -> None:
    """Send it to this machine, or wherever the config says: every address of `client.urls["api"]` that is used."""
    raise NotImplementedError("client: put urls.rest and urls.ws into client.urls['api']")


def fence(client: Any) -> Fence:
    """Where each allowed call goes, and which sockets may be opened.

    `refuses` of an order's call says what is wrong with its fields: an allow-list of fields keeps out what the library
    makes something else of (a trailing stop that becomes a market order, a stop on the last price).
    """
    raise NotImplementedError("client: the fence's addresses and sockets")
