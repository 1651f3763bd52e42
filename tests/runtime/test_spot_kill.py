"""kill -9 of an engine that trades coins, in the middle of what it does: afterwards nothing is sold twice, what is left
of ours is guarded again or gone, coins of others are all there, and the books are the venue's.

The suite kills at the named moments: an order has just arrived there, and its answer never comes. COCKPIT_SPOT_KILLS
more (none) are at moments that COCKPIT_KILL_SEED chooses.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cockpit.client.errors import EngineRefused
from cockpit.domain.kinds import EngineState
from cockpit.domain.snapshot import Snapshot
from tests.faults.chaos import OVERRIDES
from tests.loopback import trading_faults
from tests.loopback.trading_faults import Fault, hanging
from tests.patience import patient_s
from tests.runtime.spot_session import (
    PRICES,
    SIGNAL,
    SOUND,
    SpotStage,
    books_agree,
    covered,
    guarding,
    is_bare,
    is_read,
    over,
    spot_stage,
)
from tests.runtime.test_runtime_kill import SEED

MORE = int(os.environ.get("COCKPIT_SPOT_KILLS", "0"))
SETTLED_WITHIN_S = patient_s(60.0)
OTHERS = 3.0
LATE_S = 4.0


async def buy(stage: SpotStage) -> None:
    """As soon as the account was read."""
    async with asyncio.timeout(SETTLED_WITHIN_S), stage.client as client:
        while True:
            try:
                await client.execute(SIGNAL)
                return
            except EngineRefused as refused:
                if "not read yet" not in str(refused):
                    raise
            await asyncio.sleep(0.1)


async def opened(stage: SpotStage) -> None:
    await buy(stage)
    await stage.until(covered)


async def reach_target(stage: SpotStage) -> None:
    """The first target is sold, and the stop of the rest moves to the entry."""
    await opened(stage)
    stage.prices["SOL"] = PRICES["SOL"] + 0.6


async def close(stage: SpotStage) -> None:
    await opened(stage)
    (view,) = (await stage.until(covered)).open_trades
    await stage.run("close", view.trade.trade_id)


async def flatten(stage: SpotStage) -> None:
    await opened(stage)
    await stage.run("flatten", "--yes")


def carried_out() -> Fault:
    """Nobody hears of it."""
    return hanging(600.0)


def lost() -> Fault:
    """It never gets there."""
    return hanging(600.0, executes=False)


def late() -> Fault:
    """It is carried out once another engine runs, or just before."""
    return trading_faults.late(LATE_S)


class Moment(NamedTuple):
    """`role`: whose arrival at the venue the engine does not outlive; `fault`: what becomes of that."""

    doing: Callable[[SpotStage], Coroutine[Any, Any, None]]
    role: str
    fault: Callable[[], Fault]

    def __str__(self) -> str:
        return f"{self.doing.__name__}, {self.role} {self.fault.__name__}"


MOMENTS = (
    Moment(buy, "stop", lost),
    Moment(reach_target, "target", carried_out),
    Moment(close, "close", lost),
)
RARER = (
    Moment(reach_target, "target", lost),
    Moment(close, "close", carried_out),
    Moment(buy, "entry", carried_out),
    Moment(buy, "entry", late),
    Moment(buy, "stop", carried_out),
    Moment(reach_target, "cancel_stop", carried_out),
    Moment(reach_target, "cancel_stop", lost),
    Moment(reach_target, "target", late),
    Moment(close, "cancel_stop", carried_out),
    Moment(close, "close", late),
    Moment(flatten, "cancel_stop", carried_out),
    Moment(flatten, "close", carried_out),
    Moment(flatten, "close", lost),
    Moment(flatten, "close", late),
)


async def start(stage: SpotStage) -> None:
    """Armed, on whatever is there."""
    await stage.engine(overrides=(*SOUND, *OVERRIDES))
    await stage.until(is_read)


async def arm(stage: SpotStage) -> None:
    async with stage.client as client:
        if (await client.snapshot()).state is EngineState.HALTED:
            await client.resume("seen flat")
        await client.arm()


async def kill_at(stage: SpotStage, moment: Moment) -> None:
    venue = stage.coinbase
    rule = venue.faults.add(moment.fault(), roles={moment.role}, times=None)
    await killed_once(stage, moment.doing(stage), moment.role)
    venue.faults.remove(rule)


async def kill_within(stage: SpotStage, rng: random.Random) -> str:
    """At any moment of any of it."""
    doing, wait_s = rng.choice((buy, reach_target, close, flatten)), rng.uniform(0.0, 0.6)
    await killed_once(stage, doing(stage), "entry" if doing is buy else "stop", wait_s)
    return f"{doing.__name__} after {wait_s:.3f} s"


async def killed_once(stage: SpotStage, doing: Coroutine[Any, Any, None], role: str, after_s: float = 0.0) -> None:
    """Do it, and kill the engine once such an order has arrived meanwhile."""
    venue, before = stage.coinbase, len(stage.coinbase.called(role))
    task = asyncio.ensure_future(doing)
    task.add_done_callback(lambda done: None if done.cancelled() else done.exception())
    async with asyncio.timeout(SETTLED_WITHIN_S):
        await venue.until(lambda: len(venue.called(role)) > before or failed(task))
    if failed(task):
        task.result()
    await asyncio.sleep(after_s)
    await stage.kill()
    await asyncio.gather(task, return_exceptions=True)


def failed(task: "asyncio.Future[None]") -> bool:
    return task.done() and task.exception() is not None


def settled(stage: SpotStage, seen: Snapshot) -> bool:
    """The books are the venue's, and all of it is guarded, or there is nothing."""
    ours = stage.coinbase.ours("SOL")
    if not seen.open_trades:
        return is_bare(stage) and ours == pytest.approx(0.0, abs=1e-8)
    (view,) = seen.open_trades
    return covered(seen) and view.trade.open_qty == pytest.approx(ours) and guarding(stage) == pytest.approx(ours)


def stands_again(seen: Snapshot) -> bool:
    """Whether the market is where it was, for the next purchase: one before it would be stopped out on its way."""
    sol = next(asset for asset in seen.assets if asset.asset == "SOL")
    return sol.price is not None and abs(sol.price - PRICES["SOL"]) < 0.1


async def survived(stage: SpotStage, what: str) -> None:
    """Another engine on what the journal and the venue have: it settles, and then leaves."""
    began_s, venue = time.monotonic(), stage.coinbase
    held = venue.ours("SOL")
    await start(stage)
    await asyncio.sleep(max(0.0, LATE_S - (time.monotonic() - began_s)))
    seen = await stage.until(lambda seen: settled(stage, seen), SETTLED_WITHIN_S)
    left = f"{len(seen.open_trades)} open, {venue.ours('SOL'):g} of {held:g} held"
    print(f"{what}: {left}, settled {time.monotonic() - began_s:.1f} s after its start began")
    if seen.open_trades:
        code, said = await stage.run("close", seen.open_trades[0].trade.trade_id)
        assert code == 0, said
    await stage.until(over)
    await venue.until(lambda: is_bare(stage))
    stage.prices["SOL"] = PRICES["SOL"]
    await stage.until(stands_again)
    assert venue.watch.oversold(venue.symbol("SOL")) == 0, what
    assert venue.held("SOL") == pytest.approx(OTHERS, abs=1e-8), what
    assert not venue.watch.doubled, what
    await books_agree(stage)


@pytest.mark.timeout(120 + 60 * (len(MOMENTS) + len(RARER) * bool(MORE) + MORE))
async def test_a_kill_sells_nothing_twice_and_leaves_nothing_bare(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    print(f"COCKPIT_KILL_SEED={SEED} COCKPIT_SPOT_KILLS={MORE}")
    async with spot_stage(tmp_path / "home") as stage:
        await start(stage)
        for moment in (*MOMENTS, *(RARER if MORE else ())):
            await arm(stage)
            await kill_at(stage, moment)
            await survived(stage, str(moment))
        for _ in range(MORE):
            await arm(stage)
            await survived(stage, await kill_within(stage, rng))
        assert await stage.terminate() == 0
