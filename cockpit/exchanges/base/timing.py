"""Time as venues and feeds see it: clocks and pauses are injected, so that tests own them; a network's time is real."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.account import Ambiguous
from cockpit.exchanges.base.steady_clock import PROCESS_CLOCK

Answer = TypeVar("Answer")
Clock = Callable[[], int]
"""Nanoseconds since the epoch."""
Sleep = Callable[[float], Awaitable[None]]
"""Waits that many seconds."""
MOST_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Timing:
    """`clock` counts what passes and never jumps; `utc`, where given, is put right by whoever knows the time better."""

    clock: Clock = PROCESS_CLOCK.now_ns
    sleep: Sleep = asyncio.sleep
    utc: Clock | None = None

    @property
    def stamps(self) -> Clock:
        """The clock that others' stamps are judged by: the other one where nobody knows better."""
        return self.clock if self.utc is None else self.utc

    def since_s(self, began_ns: int) -> float:
        """Seconds since then."""
        return (self.clock() - began_ns) / NS_PER_S

    async def sleep_unless(self, event: asyncio.Event, most_s: float) -> None:
        """Sleep, or until the event is set."""
        alarm: asyncio.Future[None] = asyncio.ensure_future(self.sleep(most_s))
        called = asyncio.ensure_future(event.wait())
        racing: set[asyncio.Future[Any]] = {alarm, called}
        try:
            await asyncio.wait(racing, return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
            called.cancel()


async def wait_for_all(what: Iterable[asyncio.Future[Answer]], most_s: float) -> bool:
    """Whether all of these were done within `most_s`; they go on either way."""
    waiting = {one for one in what if not one.done()}
    if waiting:
        _, waiting = await asyncio.wait(waiting, timeout=max(0.0, most_s))
    return not waiting


async def all_of(*asked: Awaitable[Answer]) -> list[Answer]:
    """Every answer. The first failure ends the others: one that waits for its turn would take it from those that are
    asked instead.
    """
    asking = [asyncio.ensure_future(one) for one in asked]
    try:
        return await asyncio.gather(*asking)
    except BaseException:
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        raise


async def within(most_s: float, asked: Awaitable[Answer], what: str) -> Answer:
    """The answer to a call. Raises `Ambiguous` where there is none after `most_s`: the call is given up then."""
    try:
        # Not `wait_for`: before Python 3.12 it swallows a cancellation that comes together with the answer.
        async with asyncio.timeout(most_s):
            return await asked
    except TimeoutError:
        raise Ambiguous(f"{what}: expected an answer within {most_s:g} s, was none") from None


class BackOff:
    """How long to leave who fails alone: `first_s` for `brisk` times, then doubling up to `longest_s`, and as long as
    was asked for.
    """

    def __init__(self, first_s: float, longest_s: float, brisk: int = 1) -> None:
        self._brisk = brisk
        self._first_s = first_s
        self._longest_s = longest_s
        self._failures = 0

    def failed(self, asked_s: float | None = None) -> float:
        """One more failure in a row: seconds until the next try, at least those that were asked for."""
        self._failures += 1
        doublings = min(max(0, self._failures - self._brisk), MOST_DOUBLINGS)
        wait_s = min(self._longest_s, self._first_s * 2.0**doublings)
        return max(float(wait_s), asked_s or 0.0)

    def succeeded(self) -> None:
        """Begin anew."""
        self._failures = 0
