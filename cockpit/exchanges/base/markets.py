"""A venue's markets, loaded off the loop: parsing hundreds of them holds it up for a tenth of a second."""

import asyncio
from typing import Any

GOODBYE_MS = 50
"""How long a client that only asked for the markets is given to close its connections."""


def raw_answer(client: Any, endpoint: str, params: dict[str, str]) -> Any:
    """What the venue answers to one of the library's public endpoints; the client is closed then. Call it in a thread.

    Raises what the client library raises.
    """

    async def ask() -> Any:
        client.timeout_on_exit = GOODBYE_MS
        try:
            return await getattr(client, endpoint)(params)
        finally:
            await client.close()

    return asyncio.run(ask())


def with_markets(client: Any) -> Any:
    """The same client, its markets loaded and its connections closed. Call it in a thread.

    Raises what the client library raises.
    """

    async def load() -> None:
        client.timeout_on_exit = GOODBYE_MS
        try:
            await client.load_markets()
        finally:
            await client.close()

    asyncio.run(load())
    return client
