"""Real venues in the engine's service: `VenueRouter` on the real client library and a loopback venue, hurried."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import CancelOrder, FlattenVenues, PlaceOrder, QueryOrder, QueryPosition
from cockpit.domain.events import OrderFilled, VenueEvent, VenueFlat, VenueNotice
from cockpit.domain.kinds import OrderRole, OrderType, Side, VenueTopic
from cockpit.domain.orders import OrderRequest
from cockpit.exchanges.base.account import VenueAccount
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.registry import account_for
from cockpit.execution.venue_context import Pace
from cockpit.execution.venue_router import VenueRouter
from cockpit.flatten.venue_flatten import FlattenPace
from tests.execution.account_stage import keys_of, moved
from tests.loopback.trading_venue import TradingVenue
from tests.patience import patient_s
from tests.venue_pairs import venue_kind

HURRY = 20.0
PREFIX = "abc123"
WITHIN_S = patient_s(30.0)
TOPICS = {"binance": 1, "okx": 3, "krakenfutures": 3, "bybit": 3, "hyperliquid": 3, "coinbase": 2}


def hurried(factor: float = HURRY) -> Timing:
    """Time in which every pause is over sooner."""
    began_ns, began_s = time.time_ns(), time.monotonic()

    def clock() -> int:
        return began_ns + round((time.monotonic() - began_s) * factor * 1e9)

    async def sleep(pause_s: float) -> None:
        await asyncio.sleep(pause_s / factor)

    return Timing(clock, sleep)


def account_on(venue: TradingVenue, name: str, config: CockpitConfig) -> VenueAccount:
    """The account of the loopback venue, not open yet. Its pauses are hurried, its clock is the one it signs with."""
    timing = Timing(time.time_ns, hurried().sleep)
    account: Any = account_for(name, config, keys_of(name), moved(name, venue), timing)
    account.budget.window_s /= HURRY
    made: VenueAccount = account
    return made


def ask(
    order_id: str,
    side: Side,
    qty: float,
    role: OrderRole = OrderRole.ENTRY,
    limit: float | None = None,
    trigger: float | None = None,
    venue: str = "binance",
    asset: str = "BTC",
) -> OrderRequest:
    """An order as the engine writes it."""
    kind = OrderType.LIMIT if limit else OrderType.STOP_MARKET if trigger else OrderType.MARKET
    return OrderRequest(
        order_id, order_id[:7], venue, asset, side, role, kind, qty, role is not OrderRole.ENTRY, 0, 100_000.0,
        limit_price=limit, trigger_price=trigger,
    )  # fmt: skip


class RealStage:
    """One loopback venue with BTC at 100,000, and everything that was put."""

    def __init__(
        self,
        name: str,
        venue: Any,
        config: CockpitConfig,
        timing: Timing,
        flatten_pace: FlattenPace | None = None,
        prefix: str = PREFIX,
    ) -> None:
        self.name = name
        self.venue = venue
        self.events: list[VenueEvent] = []
        self.account = account_on(venue, name, config)
        self.venues = VenueRouter({name: self.account}, prefix, self._put, config, timing, Pace(), flatten_pace)
        self.live = self.venues.venues[name]
        self._changed = asyncio.Condition()
        self._workers: list[asyncio.Task[None]] = []

    def _put(self, event: VenueEvent) -> None:
        self.events.append(event)
        self._stir()

    def _stir(self) -> None:
        async def notify() -> None:
            async with self._changed:
                self._changed.notify_all()

        self._job = asyncio.get_running_loop().create_task(notify())

    async def open(self, stream: bool = True) -> None:
        others = self._topics()
        await self.account.open()
        self.live.start()
        for name, work in self.live.workers().items():
            if stream or "stream" not in name:
                self._workers.append(asyncio.create_task(_run(work), name=name))
        if stream:
            await self.venue.until(lambda: self._topics() >= others + TOPICS[self.name])
        await self.until(lambda: self.live.has_answered)

    def _topics(self) -> int:
        """What the account's streams, ours and others', are subscribed to."""
        return sum(topic != "logged in" for socket in self.venue.private_sockets() for topic in socket.topics)

    async def close(self) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self.live.stop()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something that was put makes it hold."""
        async with asyncio.timeout(WITHIN_S), self._changed:
            await self._changed.wait_for(holds)

    async def settled(self, reads: bool = True) -> None:
        """Until nothing is under way, and the venue has been read once since."""
        assert await self.venues.settle(WITHIN_S)
        if reads:
            await self.live.read_now()
            assert await self.venues.settle(WITHIN_S)

    # Asking, as the engine does.

    def place(self, order_id: str, side: Side, qty: float, role: OrderRole = OrderRole.ENTRY, **prices: float) -> None:
        self.venues.submit(PlaceOrder(0, ask(order_id, side, qty, role, venue=self.name, **prices)))  # type: ignore[arg-type]

    def cancel(self, order_id: str) -> None:
        self.venues.submit(CancelOrder(0, order_id, self.name, "BTC"))

    def query(self, order_id: str) -> None:
        self.venues.submit(QueryOrder(0, order_id, self.name, "BTC"))

    def query_position(self) -> None:
        self.venues.submit(QueryPosition(0, self.name, "BTC"))

    def flatten(self) -> None:
        self.venues.submit(FlattenVenues(0, (self.name,), "test"))

    # Looking.

    def of(self, order_id: str) -> list[str]:
        """What was said of one order."""
        return [type(event).__name__ for event in self.events if getattr(event, "order_id", None) == order_id]

    def filled(self, order_id: str) -> float:
        fills = [event for event in self.events if isinstance(event, OrderFilled) and event.order_id == order_id]
        assert len({fill.fill_id for fill in fills}) == len(fills)
        return sum(fill.qty for fill in fills)

    def notices(self, topic: VenueTopic) -> list[VenueNotice]:
        return [event for event in self.events if isinstance(event, VenueNotice) and event.topic is topic]

    @property
    def flat_reads(self) -> int:
        return sum(isinstance(event, VenueFlat) for event in self.events)

    @property
    def steps(self) -> Sequence[str]:
        return [word.sentence for word in self.notices(VenueTopic.FLATTEN)]


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    await work()


@asynccontextmanager
async def real_stage(
    config: CockpitConfig,
    name: str = "binance",
    factor: float = HURRY,
    stream: bool = True,
    flatten_pace: FlattenPace | None = None,
    prepare: Callable[[Any], None] = lambda venue: None,
) -> AsyncIterator[RealStage]:
    """A venue and all that works for it, read once already. `prepare` has the venue before anybody asks it."""
    async with venue_kind(name)() as venue:
        venue.core.isolated = dict.fromkeys(venue.core.rules, True)
        venue.core.leverage = dict.fromkeys(venue.core.rules, 5)
        prepare(venue)
        venue.set_price("BTC", 99_999.9, 100_000, mark=100_000)
        stage = RealStage(name, venue, config, hurried(factor), flatten_pace)
        try:
            await stage.open(stream)
            yield stage
        finally:
            await stage.close()


@asynccontextmanager
async def real_stage_on(first: RealStage, config: CockpitConfig, prefix: str = PREFIX) -> AsyncIterator[RealStage]:
    """Somebody else, or ourselves after a restart without a memory, on the same account."""
    stage = RealStage(first.name, first.venue, config, hurried(), prefix=prefix)
    try:
        await stage.open()
        yield stage
    finally:
        await stage.close()
