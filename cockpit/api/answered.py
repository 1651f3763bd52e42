"""Calls answered by id: the same id gets the same answer, also while the first is still being answered."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

ANSWERS_KEPT = 1_000


class Answer(NamedTuple):
    """A status and the JSON that goes with it."""

    status: int
    content: dict[str, Any]


class _Known(NamedTuple):
    body: object
    task: "asyncio.Task[Answer]"


class Answered:
    """The newest answers. Beyond them the engine itself still knows the ids it has traded."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def once(self, key: str, body: object, make: Callable[[], Awaitable[Answer]]) -> tuple[Answer, bool]:
        """The answer to this id, made once, and whether this body is the one it was made for.

        A caller that goes away does not take the answer with it. What ended in an error is forgotten: asking again
        asks the engine again, which answers a known id as before.
        """
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _Known(body, asyncio.ensure_future(_made(make)))
            known.task.add_done_callback(lambda task: self._forget_failed(key, task))
            self._shorten()
        return await asyncio.shield(known.task), known.body == body

    def _forget_failed(self, key: str, task: "asyncio.Task[Answer]") -> None:
        if task.cancelled() or task.exception() is not None:
            self._known.pop(key, None)

    def _shorten(self) -> None:
        if len(self._known) > ANSWERS_KEPT:
            oldest = next(iter(self._known))
            if self._known[oldest].task.done():
                del self._known[oldest]


async def _made(make: Callable[[], Awaitable[Answer]]) -> Answer:
    return await make()
