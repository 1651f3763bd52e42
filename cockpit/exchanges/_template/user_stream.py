"""The venue's private stream. Where there is none, `_dial` waits on a task that asks, and `_read` is never called."""

from collections.abc import Awaitable, Iterable
from typing import Any

from cockpit.exchanges._template.parsing import TemplateParser
from cockpit.exchanges.base.account import StreamUpdate
from cockpit.exchanges.base.private_stream import Asked, PrivateStream


class TemplateStream(PrivateStream):
    """What it must survive is its contract's: frames lost, doubled, late, out of order; dead sockets, deaf ones."""

    def __init__(self, account: Asked, parser: TemplateParser) -> None:
        super().__init__(account)
        self.parser = parser

    async def _dial(self) -> Iterable[Awaitable[Any]]:
        raise NotImplementedError("user_stream: log in, expect_confirmed, subscribe, until_confirmed")

    async def _hang_up(self) -> None:
        raise NotImplementedError("user_stream: drop(url) of each socket")

    def _read(self, message: Any) -> list[StreamUpdate] | None:
        """Words about orders, executions and positions; None where the library shall see the message."""
        raise NotImplementedError("user_stream: the account's messages")
