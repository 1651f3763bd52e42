"""A recording that is played: held, stepped, hurried, and run to the next verdict."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cockpit.config.load import load_config
from cockpit.config.places import Places, shipped_config_path
from cockpit.domain.actions import Decided
from cockpit.domain.events import AnyEvent, Trade
from cockpit.domain.kinds import Mode
from cockpit.domain.units import NS_PER_S
from cockpit.feeds.simulated.market import SimulatedMarket
from cockpit.journal.recordings import RecordingHeader, RecordingWriter
from cockpit.journal.sessions import FeedKind
from cockpit.runtime import player
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.player import NotPlaying, Player
from cockpit.runtime.startup import build_host
from tests.patience import patient_s

START_NS = 1_760_882_400 * NS_PER_S


def trade(at_s: float) -> Trade:
    at_ns = START_NS + round(at_s * NS_PER_S)
    return Trade(at_ns, at_ns, "binance", "BTC", 100.0, 1.0, True, 1)


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(patient_s(30)):
        while not is_so():
            await asyncio.sleep(0.002)


class Clock:
    """The player's clock, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    by_hand = Clock()
    monkeypatch.setattr(player, "monotonic", by_hand)
    return by_hand


class Stage:
    """A player whose events end in a list. Its events are an hour apart: none comes by itself."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.came: list[AnyEvent] = []

    async def put(self, name: str, event: AnyEvent) -> None:
        self.came.append(event)


@asynccontextmanager
async def played(speed: float = 1.0, held: bool = False) -> AsyncIterator[Stage]:
    events = [trade(0), trade(3_600), trade(7_200), trade(10_800)]
    stage = Stage(Player(FeedKind.RECORDED, "a.rec", iter(events), START_NS, speed))
    if held:
        stage.player.hold()
    running = asyncio.create_task(stage.player.run(stage.put))
    await turns()
    yield stage
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_held_from_the_start_nothing_comes_and_its_clock_stands(clock: Clock) -> None:
    async with played(held=True) as stage:
        before_ns = stage.player.now_ns()
        clock.now_s += 9_000.0
        await turns()
        assert stage.came == []
        assert stage.player.now_ns() == before_ns


async def test_a_step_is_one_event_and_takes_the_clock_to_it() -> None:
    async with played() as stage:
        assert stage.came == [trade(0)]
        assert stage.player.step() == "one event on"
        await turns()
        assert stage.came == [trade(0), trade(3_600)]
        assert stage.player.state == "held"
        assert stage.player.now_ns() == trade(3_600).ts_ns
        stage.player.step()
        stage.player.step()
        await turns()
        assert stage.came[-1] == trade(10_800)


async def test_held_while_it_waits_and_played_on_from_where_it_stood(clock: Clock) -> None:
    async with played(speed=100.0) as stage:
        clock.now_s += 6.0
        assert stage.player.now_ns() == trade(600).ts_ns
        assert stage.player.hold() == "held"
        clock.now_s += 60.0
        assert stage.player.now_ns() == trade(600).ts_ns
        assert stage.player.go_on() == "playing at 100x"
        clock.now_s += 29.0
        assert stage.player.now_ns() == trade(3_500).ts_ns
        clock.now_s += 60.0
        assert stage.player.now_ns() == trade(3_600).ts_ns
        assert stage.came == [trade(0)]


async def test_another_speed_counts_for_the_event_that_is_waited_for() -> None:
    async with played() as stage:
        assert stage.player.set_speed(1e6) == "playing at 1e+06x"
        await eventually(lambda: len(stage.came) == 4)
        assert stage.player.state == "ended"


async def test_as_fast_as_it_goes_can_be_chosen_and_left_while_held() -> None:
    async with played(held=True) as stage:
        assert stage.player.set_speed(0.0) == "held as fast as it goes"
        await turns()
        assert stage.came == []
        stage.player.go_on()
        await eventually(lambda: len(stage.came) == 4)


async def test_a_step_given_up_for_playing_on_is_forgotten() -> None:
    async with played(held=True) as stage:
        stage.player.step()
        stage.player.step()
        stage.player.go_on()
        await turns()
        assert stage.came == [trade(0)]


@pytest.mark.parametrize("ask", [Player.hold, Player.go_on, Player.step, Player.seek_verdict])
async def test_at_its_end_nothing_can_be_asked(ask: Callable[[Player], str]) -> None:
    async with played(speed=0.0) as stage:
        assert stage.player.state == "ended"
        with pytest.raises(NotPlaying, match=r"was a\.rec at its end"):
            ask(stage.player)
        with pytest.raises(NotPlaying):
            stage.player.set_speed(2.0)


async def test_a_speed_below_0_is_refused() -> None:
    async with played() as stage:
        with pytest.raises(ValueError, match=r"expected a speed of 0 or more, was -1"):
            stage.player.set_speed(-1.0)


async def test_the_next_verdict_is_where_it_stops(tmp_path: Path) -> None:
    """A real engine on a recording of the simulated market: each search ends in a hold, with one verdict more."""
    config = load_config(shipped_config_path())
    path = tmp_path / "a.rec"
    header = RecordingHeader(created_ns=START_NS, origin="import", source="sim", config_json="{}", mode=Mode.PAPER,
                             start_ns=START_NS)  # fmt: skip
    with RecordingWriter(path, header) as recording:
        for event in SimulatedMarket(config, 27, START_NS).events():
            if event.ts_ns > START_NS + 300 * NS_PER_S:
                break
            recording.write_input(event)
    host = build_host(Places(tmp_path, shipped_config_path()), config, EngineOptions(feed=str(path), speed=1.0))
    source = host.source
    assert isinstance(source, Player)
    decided: list[int] = []
    host.listen(lambda actions: decided.extend(a.ts_ns for a in actions if isinstance(a, Decided)))
    source.hold()
    host.start()
    try:
        for count in (1, 2):
            source.seek_verdict()
            assert host.process().replay == "seeking"
            await eventually(lambda: source.state != "seeking")
            assert source.state == "held"
            assert len(decided) == count
            assert source.now_ns() == host.engine.now_ns == decided[-1]
            assert len(host.inbox) == 0
    finally:
        await host.stop()
