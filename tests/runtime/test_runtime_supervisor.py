"""The supervisor: a worker that fails comes back, is seen to be down meanwhile, and takes no other with it."""

import asyncio
import logging

import pytest

from cockpit.runtime.supervisor import CALM_AFTER_S, LONGEST_DELAY_S, Supervisor


class Time:
    """A clock that moves when somebody sleeps on it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, delay_s: float) -> None:
        self.slept.append(delay_s)
        self.now_s += delay_s
        await asyncio.sleep(0)


class Falls:
    """Hears of falls."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, str]] = []

    def __call__(self, name: str, detail: str) -> None:
        self.reports.append((name, detail))


def supervisor(time: Time, falls: Falls, jitter: float = 1.0) -> Supervisor:
    return Supervisor(falls, time, lambda: jitter, time.sleep)


async def turns(count: int = 200) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Failing:
    """Fails so many times, then works."""

    def __init__(self, times: int, error: BaseException | None = None) -> None:
        self.left = times
        self.error = error or ConnectionError("no route")
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        if self.left:
            self.left -= 1
            raise type(self.error)(*self.error.args)
        await asyncio.Event().wait()


async def test_it_comes_back_with_growing_pauses_up_to_half_a_minute() -> None:
    time, falls, work = Time(), Falls(), Failing(9)
    keeper = supervisor(time, falls)
    keeper.start("feed", work)
    await turns()
    assert time.slept == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert falls.reports == [("feed", "ConnectionError: no route")] * 9
    (view,) = keeper.views()
    assert (view.state, view.restarts, view.detail) == ("running", 9, "ConnectionError: no route")
    await keeper.stop()


@pytest.mark.parametrize(("jitter", "first_s"), [(0.0, 0.125), (0.5, 0.1875), (1.0, 0.25)])
async def test_jitter_spreads_the_pauses_over_their_upper_half(jitter: float, first_s: float) -> None:
    time = Time()
    keeper = supervisor(time, Falls(), jitter)
    keeper.start("feed", Failing(1))
    await turns(20)
    assert time.slept == [first_s]
    await keeper.stop()


async def test_a_feed_that_stays_away_for_days_is_still_tried() -> None:
    """Two thousand failures in a row: the doubling must not run out of numbers."""
    time, work = Time(), Failing(2_000)
    keeper = supervisor(time, Falls())
    keeper.start("feed", work)
    await turns(10_000)
    assert work.runs == 2_001
    assert max(time.slept) == LONGEST_DELAY_S
    await keeper.stop()


async def test_after_a_calm_minute_the_pauses_begin_anew() -> None:
    time = Time()

    async def work() -> None:
        time.now_s += CALM_AFTER_S if len(time.slept) == 3 else 0.0
        if len(time.slept) < 5:
            raise OSError("gone")
        await asyncio.Event().wait()

    keeper = supervisor(time, Falls())
    keeper.start("feed", work)
    await turns()
    assert time.slept == [0.25, 0.5, 1.0, 0.25, 0.5]
    await keeper.stop()


async def test_a_dead_worker_is_visible_at_once_and_the_others_run_on() -> None:
    time, falls = Time(), Falls()
    asleep = asyncio.Event()

    async def for_ever(_: float) -> None:
        await asleep.wait()

    keeper = Supervisor(falls, time, lambda: 1.0, for_ever)
    beats = 0

    async def beating() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0)

    keeper.start("feed", Failing(1, ValueError("bad frame")))
    keeper.start("clock", beating)
    await turns(5)
    states = {view.name: (view.state, view.detail) for view in keeper.views()}
    assert states == {"feed": ("backing_off", "ValueError: bad frame"), "clock": ("running", "")}
    assert falls.reports == [("feed", "ValueError: bad frame")]
    before = beats
    await turns(5)
    assert beats > before
    time.now_s = 7.0
    assert {view.name: view.since_s for view in keeper.views()} == {"feed": 7.0, "clock": 7.0}
    await keeper.stop()


async def test_a_cancellation_from_inside_is_a_failure_like_any_other() -> None:
    """A library whose own inner task was cancelled lets that out: nobody asked the worker to end."""
    time, falls, work = Time(), Falls(), Failing(2, asyncio.CancelledError())
    keeper = supervisor(time, falls)
    keeper.start("stream", work)
    await turns()
    assert (work.runs, keeper.views()[0].state) == (3, "running")
    assert falls.reports[0] == ("stream", "Interrupted: cancelled from inside")
    await keeper.stop()


async def test_whoever_hears_of_falls_may_fail_too() -> None:
    time, work = Time(), Failing(3)

    def deaf(name: str, detail: str) -> None:
        raise RuntimeError(f"cannot hear of {name}: {detail}")

    keeper = Supervisor(deaf, time, lambda: 1.0, time.sleep)
    keeper.start("feed", work)
    await turns()
    assert work.runs == 4
    await keeper.stop()


async def test_a_worker_that_is_done_stays_done() -> None:
    runs = 0

    async def once() -> None:
        nonlocal runs
        runs += 1

    keeper = supervisor(Time(), Falls())
    keeper.start("market", once)
    await turns()
    assert (runs, keeper.views()[0].state) == (1, "ended")


async def test_stop_ends_all_and_lets_them_clean_up() -> None:
    cleaned: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("yes")

    keeper = supervisor(Time(), Falls())
    keeper.start("one", work)
    keeper.start("two", work)
    keeper.start("falling", Failing(1_000_000))
    await turns(5)
    await keeper.stop()
    assert cleaned == ["yes", "yes"]
    assert {view.state for view in keeper.views() if view.name != "falling"} == {"ended"}


async def test_a_worker_that_does_not_let_go_does_not_hold_the_end_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("cockpit.runtime.supervisor.STOP_WITHIN_S", 0.05)
    let_go = asyncio.Event()

    async def stubborn() -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    keeper = supervisor(Time(), Falls())
    keeper.start("stubborn", stubborn)
    await turns(3)
    with caplog.at_level(logging.ERROR, "cockpit.engine"):
        await keeper.stop()
    assert "worker stubborn did not end within 0.05 s" in caplog.text
    let_go.set()
    await turns(3)


async def test_a_name_is_given_once() -> None:
    keeper = supervisor(Time(), Falls())
    keeper.start("feed", Failing(0))
    with pytest.raises(ValueError, match="expected a new worker name, was feed"):
        keeper.start("feed", Failing(0))
    await keeper.stop()
