"""The lists of a venue as one account reads them: what it lists today, and what of each list cannot be read."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from cockpit.exchanges.base.contracts import Listing, Listings
from cockpit.exchanges.base.rows import read_rows
from cockpit.exchanges.base.timing import wait_for_all

LISTS_WITHIN_S = 1.0
"""A list of contracts that is late keeps nobody from what the account holds."""
CONTRACTS, POSITIONS, ORDERS = "contracts", "positions", "orders"
HOLDING = (POSITIONS, ORDERS)
"""The lists in which a row that cannot be read may be something that is open."""

Read = TypeVar("Read")
AskListings = Callable[[], tuple[list[Listing], tuple[str, ...]]]


class AccountLists:
    """`ask` runs off the loop; `judged` makes failures of what it raises."""

    def __init__(
        self, venue: str, listings: Listings, ask: AskListings, judged: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._venue = venue
        self._listings = listings
        self._ask = ask
        self._judged = judged
        self._asked_for: set[str] = set()
        self._loading: asyncio.Task[None] | None = None
        self._unreadable: dict[str, tuple[str, ...]] = {}
        self._set_aside: dict[str, str] = {}

    async def load(self) -> None:
        """Ask what the venue lists. Raises any `VenueFailure`; what was known before stays then."""
        with self._judged():
            listings, unreadable = await asyncio.to_thread(self._ask)
            self._listings.take(listings)
            self._unreadable[CONTRACTS] = unreadable

    def load_beside(self) -> asyncio.Task[None]:
        """The same beside everything else; what becomes of it is for whoever waits for it."""
        if self._loading is None or self._loading.done():
            self._loading = asyncio.ensure_future(self.load())
            self._loading.add_done_callback(_retrieved)
        return self._loading

    def drop(self) -> None:
        """Wait for no list any more."""
        if self._loading is not None:
            self._loading.cancel()

    async def learn(self, market_ids: Iterable[str]) -> None:
        """Load the list again where the account has something on a contract that was not listed when it was opened.

        Asked once for each, and not waited for for long: what is not listed is there all the same.
        """
        new = {name for name in market_ids if name not in self._listings} - self._asked_for
        if new and self._listings.is_loaded:
            self._asked_for |= new
            await wait_for_all({self.load_beside()}, LISTS_WITHIN_S)

    async def terms_changed(self, asset: str) -> bool:
        """Whether the venue's terms there are others than ours were: they are read anew."""
        before = self._listings.of_asset(asset)
        loading = self.load_beside()
        await wait_for_all({loading}, LISTS_WITHIN_S)
        return loading.done() and self._listings.of_asset(asset) != before

    def read(self, what: str, rows: Iterable[Any], reader: Callable[[Any], Read | None]) -> list[Read]:
        """Every row of a list that can be read; what cannot stands in `unreadable` until the list is read again."""
        found, odd = read_rows(f"{self._venue} {what}", rows, reader)
        self._unreadable[what] = odd
        if odd and what not in HOLDING:
            self._set_aside[what] = odd[0] if len(odd) == 1 else f"{odd[0]}, and {len(odd) - 1} more"
        return found

    def unreadable(self) -> tuple[str, ...]:
        """What of the newest lists of positions and orders could not be read, a sentence each."""
        return tuple(sentence for what in HOLDING for sentence in self._unreadable.get(what, ()))

    def set_aside(self) -> Mapping[str, str]:
        """What of executions, fees and funding could not be read since this was last asked, a sentence a list."""
        found, self._set_aside = self._set_aside, {}
        return found


def _retrieved(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()
