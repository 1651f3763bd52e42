"""No entry leaves before the journal has it; no way out waits for a disk."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from cockpit.domain.actions import CancelOrder, FlattenVenues, Notice, PlaceOrder, QueryOrder
from cockpit.domain.commands import AnyCommand
from cockpit.domain.events import AnyEvent, OrderCancelled, OrderRejected, OrderUnknown, VenueEvent
from cockpit.domain.kinds import Mode, OrderRole, OrderType, Side
from cockpit.domain.orders import OrderProgress, OrderRequest
from cockpit.domain.trades import TradeRecord
from cockpit.engine.order_venue import Request
from cockpit.exchanges.base.timing import Timing
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal
from cockpit.runtime.journal_first import JournalFirst
from tests.patience import patient_s

NOW_NS = 1_760_875_200_000_000_000


class Post:
    """Where requests end, and how many records the journal had written by then."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.requests: list[Request] = []
        self.emitted: list[VenueEvent] = []
        self.is_broken = False
        self.had_all: list[bool] = []

    def on_market(self, event: AnyEvent | AnyCommand) -> Sequence[VenueEvent]:
        return ()

    def submit(self, action: Request) -> Sequence[VenueEvent]:
        if self.is_broken:
            raise RuntimeError("a defect")
        self.had_all.append(self.journal.has_written(self.journal.appended))
        self.requests.append(action)
        return ()

    def restore(
        self, orders: Sequence[OrderProgress], trades: Sequence[TradeRecord], booked: Sequence[tuple[str, str]] = ()
    ) -> None:
        raise AssertionError("nobody restores here")


class JournalStage:
    def __init__(self, path: Path, within_s: float) -> None:
        self.journal = Journal(path)
        self.journal.begin(SessionInfo(1, NOW_NS, FeedKind.LIVE, Mode.TEST, "digest", "test"))
        self.post = Post(self.journal)
        timing = Timing(lambda: NOW_NS)
        self.first = JournalFirst(self.post, self.journal, within_s, self.post.emitted.append, timing)

    def step(self, *requests: Request) -> None:
        """As a session does: the venue first, then the journal."""
        for request in requests:
            assert self.first.submit(request) == ()
        self.journal.append([*requests, Notice(NOW_NS, "info", "test", "decided with it")])

    async def until(self, holds: object) -> None:
        async with asyncio.timeout(patient_s(10)):
            while not holds():  # type: ignore[operator]
                await asyncio.sleep(0.001)


@pytest.fixture
def stage(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = JournalStage(tmp_path / "journal.sqlite", within_s=5.0)
    yield made
    made.journal.close()


def order(role: OrderRole, order_id: str = "t000001e1") -> PlaceOrder:
    request = OrderRequest(
        order_id,
        "t000001",
        "okx",
        "ETH",
        Side.LONG,
        role,
        OrderType.MARKET,
        0.01,
        role is not OrderRole.ENTRY,
        0,
        4_000.0,
    )
    return PlaceOrder(NOW_NS, request)


async def test_an_entry_waits_for_the_journal(stage: JournalStage) -> None:
    stage.step(order(OrderRole.ENTRY))
    assert stage.post.requests == []
    await stage.until(lambda: stage.post.requests)
    assert stage.post.had_all == [True]


@pytest.mark.parametrize("role", [OrderRole.STOP, OrderRole.TARGET, OrderRole.CLOSE])
async def test_a_way_out_waits_for_nothing(role: OrderRole, stage: JournalStage) -> None:
    assert stage.first.submit(order(role)) == ()
    assert len(stage.post.requests) == 1


async def test_an_entry_that_the_journal_cannot_keep_is_refused(tmp_path: Path) -> None:
    stage = JournalStage(tmp_path / "journal.sqlite", within_s=0.1)
    assert stage.journal.flush()
    with sqlite3.connect(tmp_path / "journal.sqlite") as other:
        other.execute("BEGIN EXCLUSIVE")
        stage.step(order(OrderRole.ENTRY))
        await stage.until(lambda: stage.post.emitted)
        other.rollback()
    other.close()
    (refused,) = stage.post.emitted
    assert isinstance(refused, OrderRejected)
    assert refused.reason.startswith("expected the journal to have it within 100 ms, was ")
    assert stage.post.requests == []
    stage.journal.close()


@pytest.mark.parametrize(
    "request_", [CancelOrder(NOW_NS, "t000001e1", "okx", "ETH"), FlattenVenues(NOW_NS, ("okx",), "asked")]
)
async def test_a_held_entry_that_is_taken_back_never_leaves(request_: Request, stage: JournalStage) -> None:
    stage.first.submit(order(OrderRole.ENTRY))
    stage.first.submit(request_)
    assert [type(event) for event in stage.post.emitted] == [OrderCancelled]
    stage.journal.append([Notice(NOW_NS, "info", "test", "later")])
    assert stage.journal.flush()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not any(isinstance(request, PlaceOrder) for request in stage.post.requests)


async def test_nobody_is_asked_for_an_entry_that_is_held(stage: JournalStage) -> None:
    stage.step(order(OrderRole.ENTRY), QueryOrder(NOW_NS, "t000001e1", "okx", "ETH"))
    assert stage.post.requests == []
    await stage.until(lambda: stage.post.requests)
    stage.first.submit(QueryOrder(NOW_NS, "t000001e1", "okx", "ETH"))
    assert [type(request) for request in stage.post.requests] == [PlaceOrder, QueryOrder]


async def test_a_defect_on_the_way_out_leaves_the_order_unknown(stage: JournalStage) -> None:
    stage.post.is_broken = True
    stage.step(order(OrderRole.ENTRY))
    await stage.until(lambda: stage.post.emitted)
    assert [type(event) for event in stage.post.emitted] == [OrderUnknown]
