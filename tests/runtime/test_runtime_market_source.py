"""A market's pace, and the clock beside it: silence ticks on, and the clock never overtakes the market."""

import asyncio
from collections.abc import Iterator

import pytest

from cockpit.domain.events import AnyEvent, MarketEvent, Tick, Trade
from cockpit.domain.units import NS_PER_S
from cockpit.journal.sessions import FeedKind
from cockpit.runtime import market_source
from cockpit.runtime.market_source import PacedSource, clock

START_NS = 1_000 * NS_PER_S


def trade(at_s: float) -> Trade:
    at_ns = START_NS + round(at_s * NS_PER_S)
    return Trade(at_ns, at_ns, "binance", "BTC", 100.0, 1.0, True, 1)


def source(events: Iterator[MarketEvent], speed: float) -> PacedSource:
    return PacedSource(FeedKind.SIMULATED, "test", events, START_NS, speed)


class Clockwork:
    """Real time, as far as the module under test can tell: it passes once everybody sleeps, to who wakes first."""

    def __init__(self) -> None:
        self.now_s = 50.0
        self._turn = asyncio.sleep
        self._wake_s: list[float] = []

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, delay_s: float) -> None:
        end_s = self.now_s + delay_s
        self._wake_s.append(end_s)
        try:
            await self._turn(0)
            while end_s > min(self._wake_s):
                await self._turn(0)
        finally:
            self._wake_s.remove(end_s)
        self.now_s = max(self.now_s, end_s)


@pytest.fixture
def clockwork(monkeypatch: pytest.MonkeyPatch) -> Clockwork:
    work = Clockwork()
    monkeypatch.setattr(market_source, "monotonic", work.monotonic)
    monkeypatch.setattr(market_source.asyncio, "sleep", work.sleep)
    return work


@pytest.mark.parametrize(("speed", "lasts_s"), [(1.0, 30.0), (10.0, 3.0), (0.0, 0.0)])
async def test_events_come_as_their_stamps_say(clockwork: Clockwork, speed: float, lasts_s: float) -> None:
    came: list[tuple[float, AnyEvent]] = []

    async def put(name: str, event: AnyEvent) -> None:
        came.append((clockwork.now_s - 50.0, event))

    events = [trade(0), trade(10), trade(10), trade(30)]
    await source(iter(events), speed).run(put)
    assert [event for _, event in came] == events
    assert came[-1][0] == pytest.approx(lasts_s)


async def test_a_late_loop_is_made_good_at_the_next_event(clockwork: Clockwork) -> None:
    came: list[float] = []

    async def put(name: str, event: AnyEvent) -> None:
        came.append(clockwork.now_s - 50.0)
        clockwork.now_s += 4.0 if len(came) == 1 else 0.0

    await source(iter([trade(0), trade(1), trade(5), trade(6)]), 1.0).run(put)
    assert came == pytest.approx([0.0, 4.0, 5.0, 6.0])


async def test_silence_ticks_on_but_never_past_the_next_event(clockwork: Clockwork) -> None:
    """Between two prints half a minute apart the clock ticks each second; it stops short of the print that is due."""
    came: list[AnyEvent] = []

    async def put(name: str, event: AnyEvent) -> None:
        came.append(event)

    paced = source(iter([trade(0), trade(30)]), 1.0)
    ticking = asyncio.ensure_future(clock(paced, put))
    await paced.run(put)
    ticking.cancel()
    stamps = [event.ts_ns for event in came]
    assert stamps == sorted(stamps)
    ticks = [event.ts_ns for event in came if isinstance(event, Tick)]
    assert len(ticks) >= 20
    assert max(ticks) <= trade(30).ts_ns


def test_a_loop_that_stood_still_does_not_make_the_market_look_silent(clockwork: Clockwork) -> None:
    """Ten seconds lost at 50-fold speed are 500 s of the market's: its next print is due before all of them."""

    def events() -> Iterator[MarketEvent]:
        yield trade(0)
        yield trade(0.2)
        yield trade(0.4)

    paced = source(events(), 50.0)
    held: list[int] = []

    async def put(name: str, event: AnyEvent) -> None:
        clockwork.now_s += 10.0
        held.append(paced.now_ns())

    asyncio.run(paced.run(put))
    assert held == [trade(0).ts_ns, trade(0.2).ts_ns, trade(0.4).ts_ns]


async def test_when_the_market_is_over_or_dead_its_time_goes_on(clockwork: Clockwork) -> None:
    async def put(name: str, event: AnyEvent) -> None:
        return

    ended = source(iter([trade(0)]), 2.0)
    await ended.run(put)
    clockwork.now_s += 20.0
    assert ended.now_ns() == trade(40).ts_ns

    def dying() -> Iterator[MarketEvent]:
        yield trade(0)
        raise ConnectionError("gone")

    dead = source(dying(), 2.0)
    with pytest.raises(ConnectionError):
        await dead.run(put)
    clockwork.now_s += 20.0
    assert dead.now_ns() == trade(40).ts_ns


async def test_as_fast_as_it_goes_has_no_clock_of_its_own(clockwork: Clockwork) -> None:
    came: list[AnyEvent] = []

    async def put(name: str, event: AnyEvent) -> None:
        came.append(event)

    paced = source(iter([trade(0)]), 0.0)
    ticking = asyncio.ensure_future(clock(paced, put))
    await paced.run(put)
    for _ in range(20):
        await clockwork.sleep(1.0)
    ticking.cancel()
    assert came == [trade(0)]


async def test_going_on_after_a_failure_goes_on_where_it_stopped(clockwork: Clockwork) -> None:
    came: list[AnyEvent] = []

    async def put(name: str, event: AnyEvent) -> None:
        if len(came) == 1 and event == trade(1):
            raise ConnectionError("once")
        came.append(event)

    paced = source(iter([trade(0), trade(1), trade(2)]), 1.0)
    with pytest.raises(ConnectionError):
        await paced.run(put)
    await paced.run(put)
    assert came == [trade(0), trade(2)]
