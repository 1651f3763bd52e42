"""The ways an order and a close take through our code, frame by frame: from HTTP, or the inbox, to the request.

A way is walked in legs: wherever something is handed over (to the inbox, the journal's wait, a task), one leg ends and
the next begins. Counted are the frames of this package on the stack at each end.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from cockpit.api.server import ApiServer
from cockpit.client.address import local
from cockpit.client.http import EngineClient
from cockpit.config.places import Places
from cockpit.config.secrets import Secrets
from cockpit.domain.actions import PlaceOrder
from cockpit.domain.kinds import OrderRole
from cockpit.exchanges.base.ccxt_account import CcxtAccount
from cockpit.execution.venue_context import InFlightCalls
from cockpit.runtime.headless import Ending
from cockpit.runtime.inbox import Inbox
from cockpit.runtime.journal_first import JournalFirst
from cockpit.runtime.options import EngineOptions
from tests.faults.stage import ARBITRAGE, staged

PACKAGE = f"{Path(__file__).parents[2]}/cockpit/"
MOST_FROM_HTTP = 25
MOST_FROM_INBOX = 20
SIGNAL = {"strategy": ARBITRAGE, "pair": "ETH/USD", "amount": 45, "side": "long", "mode": "test"}
ORDER_ENDPOINTS = ("fapiPrivatePostOrder", "privatePostTradeOrder")


def frames_here() -> list[str]:
    """The package's frames on the stack, the outermost first; the guard's and the supervisor's standing ones too."""
    found, frame = [], sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(PACKAGE) and code.co_name not in ("<lambda>", "<genexpr>"):
            found.append(f"{code.co_filename.removeprefix(PACKAGE)}:{code.co_qualname}")
        frame = frame.f_back  # type: ignore[assignment]
    return found[::-1]


class Walk:
    """The legs of one way, by where each ends."""

    def __init__(self) -> None:
        self.legs: dict[str, list[str]] = {}
        self.is_over = False

    def ends(self, where: str) -> None:
        if not self.is_over:
            self.legs[where] = frames_here()

    @property
    def frames(self) -> list[str]:
        return [frame for leg in self.legs.values() for frame in leg]

    def printed(self) -> str:
        lines = [f"{len(self.frames)} frames"]
        for where, leg in self.legs.items():
            lines += [f"  {frame}" for frame in leg] + [f"  -> {where}"]
        return "\n".join(lines)


@contextmanager
def walked(walk: Walk, *, from_http: bool) -> Iterator[None]:
    """Note every hand-over until the order's request leaves."""
    command, submit, start, ask = Inbox.command, JournalFirst.submit, InFlightCalls.start, CcxtAccount.send

    def noted_command(self: Inbox, asked: Any) -> None:
        if from_http:
            walk.ends("the inbox")
        command(self, asked)

    def noted_submit(self: JournalFirst, action: Any) -> Any:
        if isinstance(action, PlaceOrder) and action.order.role is OrderRole.ENTRY:
            walk.ends("the journal's wait")
        return submit(self, action)

    def noted_start(self: InFlightCalls, name: str, call: Any) -> Any:
        if name.startswith("send "):
            walk.ends("a task of its own")
        return start(self, name, call)

    async def noted_send(self: CcxtAccount, endpoint: str, params: Any, *more: Any) -> Any:
        if endpoint in ORDER_ENDPOINTS:
            walk.ends("the client library")
            walk.is_over = True
        return await ask(self, endpoint, params, *more)

    with (
        patch.object(Inbox, "command", noted_command),
        patch.object(JournalFirst, "submit", noted_submit),
        patch.object(InFlightCalls, "start", noted_start),
        patch.object(CcxtAccount, "send", noted_send),
    ):
        yield


async def test_from_http_to_the_orders_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    walk = Walk()
    async with staged(tmp_path) as stage:
        await stage.ready()
        places = Places(stage.home, stage.home / "config.json")
        secrets = Secrets({}, keyring=lambda name: None)
        server = ApiServer(stage.host, Ending(), places, EngineOptions(port=0), secrets=secrets)
        await server.start()
        async with EngineClient(local(places.socket)) as client:
            with walked(walk, from_http=True):
                await client.execute(SIGNAL)
                await stage.until(lambda: walk.is_over)
        await server.stop()
        await stage.flatten()
        await stage.flat()
    with capsys.disabled():
        print(f"\nPOST /api/trade/execute to the order's request: {walk.printed()}")
    assert set(walk.legs) == {"the inbox", "the journal's wait", "a task of its own", "the client library"}
    assert len(walk.frames) <= MOST_FROM_HTTP


async def test_from_the_inbox_to_the_closes_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    walk = Walk()
    async with staged(tmp_path) as stage:
        await stage.ready()
        await stage.open_trade("ETH")
        with walked(walk, from_http=False):
            await stage.flatten()
            await stage.until(lambda: walk.is_over)
        await stage.flat()
    with capsys.disabled():
        print(f"\nthe flatten key from the inbox to the close's request: {walk.printed()}")
    assert set(walk.legs) == {"a task of its own", "the client library"}
    assert len(walk.frames) <= MOST_FROM_INBOX
