"""A venue's markets, loaded off the loop: parsing hundreds of them holds it up for a tenth of a second."""

import asyncio
import logging
from typing import Any

from cockpit.exchanges.base.trading_client import note_retry_after

LOG = logging.getLogger("cockpit.exchanges")

CLOSE_WITHIN_MS = 50
"""How long a client that only asked for the markets is given to close its connections."""


def raw_answer(client: Any, endpoint: str, params: dict[str, Any]) -> Any:
    """What the venue answers to one of the library's public endpoints; the client is closed then. Call it in a thread.

    Raises what the client library raises.
    """

    async def ask() -> Any:
        client.timeout_on_exit = CLOSE_WITHIN_MS
        note_retry_after(client)
        try:
            return await getattr(client, endpoint)(params)
        finally:
            await client.close()

    return asyncio.run(ask())


def with_markets(client: Any) -> Any:
    """The same client, its markets loaded and its connections closed. Call it in a thread.

    One market that cannot be read loses no other: it is not listed then. Raises what the client library raises.
    """
    parse = client.parse_market

    def parsed(row: Any) -> Any:
        try:
            return parse(row)
        except Exception as error:
            # Whatever a row may hold: the library would give all of them up for it.
            LOG.warning("%s: a market cannot be read (%s: %s)", client.id, type(error).__name__, error)
            return None

    client.parse_market = parsed

    async def load() -> None:
        client.timeout_on_exit = CLOSE_WITHIN_MS
        try:
            await client.load_markets()
        finally:
            await client.close()

    asyncio.run(load())
    return client
