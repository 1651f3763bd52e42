"""Asking a venue that may first want to be left alone: it is waited for as it asks, within reason, and that is said."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from cockpit.exchanges.base.account import NotSent
from cockpit.exchanges.base.call_kind import CallKind
from cockpit.exchanges.base.timing import Timing

LOG = logging.getLogger("cockpit.engine")
LONGEST_WAIT_S = CallKind.READ.longest_wait_s
"""A venue that asks for an hour is asked again sooner: a word on one list must not keep an account shut."""

NOTIFY_EVERY_S = 15.0

Answer = TypeVar("Answer")


class Turn:
    """How long a venue that answers 429 is waited for, altogether; `most_s` 0 = not at all, None = for ever."""

    def __init__(
        self,
        most_s: float | None = 0.0,
        notify: Callable[[str], None] | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._timing = timing or Timing()
        self._most_s = most_s
        self._notify = notify
        self._began_ns = self._timing.clock()

    async def ask(self, venue: str, call: Callable[[], Awaitable[Answer]], within_s: float) -> Answer:
        """The answer to a call that is given `within_s`, asked again for as long as the venue puts it off.

        Raises what the call raises, `TimeoutError` where it is late, `NotSent` where the wait is longer than may be.
        """
        while True:
            try:
                async with asyncio.timeout(within_s):
                    return await call()
            except NotSent as refused:
                if refused.retry_after_s is None:
                    raise
                wait_s = self._wait_s(refused, refused.retry_after_s)
            await self._wait(venue, wait_s)

    async def _wait(self, venue: str, wait_s: float) -> None:
        """Said again while it lasts: whoever started this may be waiting for a word."""
        while wait_s > 0:
            sentence = f"{venue} asks to be left alone for {wait_s:.0f} s: it is waited for"
            LOG.warning("%s", sentence)
            if self._notify is not None:
                self._notify(sentence)
            pause_s = min(wait_s, NOTIFY_EVERY_S)
            await self._timing.sleep(pause_s)
            wait_s -= pause_s

    def _wait_s(self, refused: NotSent, asked_s: float) -> float:
        if self._most_s is None:
            return min(asked_s, LONGEST_WAIT_S)
        left_s = self._most_s - self._timing.since_s(self._began_ns)
        if asked_s > left_s:
            raise NotSent(
                f"{refused}: it asks to be left alone for {asked_s:.0f} s, at most {max(0.0, left_s):.0f} s are waited "
                "here: try again then",
                asked_s,
            ) from None
        return asked_s
