"""A real process whose wall clock is set back and forward: it sees prices move, tends its trade, notices silence."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from cockpit.domain.kinds import EngineState
from cockpit.domain.snapshot import Snapshot
from tests.loopback.venue_server import Refusal
from tests.patience import patient_s
from tests.runtime.real_engine import PRICES, WITHIN_S, RealStage, real_stage
from tests.runtime.test_real_engine import SIGNAL, is_read, open_eth

pytestmark = pytest.mark.timeout(300)
REFUSED = (Refusal(503),) * 30


def steps_with(stage: RealStage, clock: Path) -> None:
    stage.program = "tests.runtime.stepped_cockpit"
    stage.environ["CLOCK_FILE"] = str(clock)


def bid(snapshot: Snapshot) -> float | None:
    return next(asset.bid for asset in snapshot.assets if asset.asset == "ETH")


async def problems(stage: RealStage) -> str:
    async with stage.client as client:
        return "\n".join((await client.process()).clocks)


@pytest.mark.parametrize("step_s", [-3_600.0, 3_600.0, -120.0])
async def test_prices_are_seen_exits_run_and_the_step_is_told(tmp_path: Path, step_s: float) -> None:
    clock = tmp_path / "clock"
    async with real_stage(tmp_path / "home") as stage:
        steps_with(stage, clock)
        await stage.engine()
        await open_eth(stage)
        clock.write_text(str(step_s))
        before_ns = (await stage.until(is_read)).ts_ns
        stage.prices["ETH"] = PRICES["ETH"] + 1.0
        after = await stage.until(lambda snapshot: bid(snapshot) == PRICES["ETH"] + 1.0)
        assert abs(after.ts_ns - before_ns) < 60e9, "the session's time did not jump"
        assert after.state is EngineState.ARMED
        assert not [feed for feed in after.feeds if feed.name.startswith("stream.") and (feed.age_s or 0.0) > 15.0]
        side = "back" if step_s < 0 else "forward"
        async with asyncio.timeout(WITHIN_S):
            while f"set {side} by {abs(step_s):.1f} s" not in await problems(stage):
                await asyncio.sleep(0.1)
        stage.prices["ETH"] = 3_900.0
        await stage.until(lambda snapshot: not snapshot.open_trades)
        assert stage.okx.held("ETH") == pytest.approx(0.0)


HELD_S = 16.0
"""Longer than a price may be old."""


@pytest.mark.parametrize(
    ("wall_s", "awake_s", "running_s"),
    [
        (-3_600.0, 0.0, 0.0),
        (3_600.0, HELD_S, 0.0),
        (-120.0, HELD_S, HELD_S),
    ],
    ids=["set back meanwhile", "asleep and set forward", "held, uncounted, and set back"],
)
async def test_an_engine_that_stood_still_trades_on_no_price_of_before_and_repairs_what_went_meanwhile(
    tmp_path: Path, wall_s: float, awake_s: float, running_s: float
) -> None:
    clock = tmp_path / "clock"
    async with real_stage(tmp_path / "home") as stage:
        steps_with(stage, clock)
        await stage.engine()
        await open_eth(stage)
        before_ns = (await stage.until(is_read)).ts_ns
        stage.send(signal.SIGSTOP)
        began_s = time.monotonic()
        (stop,) = stage.okx.algo_orders
        stage.okx.core.algos.cancel(stop)
        stage.prices["ETH"] = PRICES["ETH"] + 1.0
        while time.monotonic() - began_s < HELD_S:
            await asyncio.sleep(0.1)
        held_s = time.monotonic() - began_s
        clock.write_text(f"{wall_s} {held_s if awake_s else 0.0} {held_s if running_s else 0.0}")
        entries = len(stage.okx.called("entry"))
        stage.send(signal.SIGCONT)
        async with asyncio.timeout(patient_s(3.0)):
            while not stage.okx.algo_orders and stage.okx.held("ETH"):
                await asyncio.sleep(0.01)
        await stage.until(lambda snapshot: bid(snapshot) == PRICES["ETH"] + 1.0)
        assert len(stage.okx.called("entry")) == entries
        after = await stage.until(is_guarded_or_out)
        assert abs(after.ts_ns - before_ns) < (held_s + 60.0) * 1e9, "the session's time did not jump"
        stage.prices["ETH"] = 3_900.0
        await stage.until(lambda snapshot: not snapshot.open_trades)
        assert stage.okx.held("ETH") == pytest.approx(0.0)


def is_guarded_or_out(snapshot: Snapshot) -> bool:
    """Armed again, and nothing is open without its stop: what waited for one for too long was closed."""
    rest = all(view.trade.stop_rests_on_venue for view in snapshot.open_trades)
    return snapshot.state is EngineState.ARMED and rest


async def test_silence_is_noticed_whatever_the_wall_clock_says(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    async with real_stage(tmp_path / "home") as stage:
        steps_with(stage, clock)
        await stage.engine()
        await stage.until(is_read)
        await stage.arm()
        clock.write_text("-60")
        stage.binance.stalled = stage.okx.stalled = True
        await stage.until(lambda snapshot: snapshot.state is EngineState.STANDING_DOWN)
        stage.binance.stalled = stage.okx.stalled = False
        await stage.until(lambda snapshot: snapshot.state is EngineState.ARMED)


async def test_a_restart_helps_where_the_clock_was_ahead_and_was_set_right(tmp_path: Path) -> None:
    """The venues cannot be asked at the first start: the session begins an hour ahead, and so does its journal."""
    clock = tmp_path / "clock"
    clock.write_text("3600")
    async with real_stage(tmp_path / "home") as stage:
        steps_with(stage, clock)
        stage.binance.refuse("/fapi/v1/time", *REFUSED)
        stage.okx.refuse("/api/v5/public/time", *REFUSED)
        await stage.engine(mode="paper")
        ahead_ns = (await stage.until(lambda snapshot: bid(snapshot) is not None)).ts_ns  # readings look an hour old
        assert await stage.terminate() == 0
        stage.binance.forgive("/fapi/v1/time")
        stage.okx.forgive("/api/v5/public/time")
        clock.write_text("0")
        await stage.engine(mode="paper")
        right = await stage.until(is_read)
        assert ahead_ns - right.ts_ns > 3_000e9
        await stage.arm()
        async with stage.client as client:
            assert (await client.execute({**SIGNAL, "mode": "paper"}))["status"] == "open"
