"""A venue that wants to be left alone at a start: waited for as it asks, said, and never in a flatten's way."""

import asyncio
from pathlib import Path

import pytest

from cockpit.domain.kinds import EngineState, ExitReason
from cockpit.domain.units import NS_PER_S
from tests.loopback.trading_faults import too_many
from tests.patience import patient_s
from tests.runtime.real_engine import RealStage, real_stage
from tests.runtime.test_real_engine import assert_books_are_the_venues, open_eth, refused_start

INSTRUMENTS = "public/instruments"
pytestmark = pytest.mark.timeout(240)


async def saying(stage: RealStage, sentence: str) -> None:
    async with asyncio.timeout(patient_s(30)):
        while sentence not in stage.printed:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("path", [INSTRUMENTS, "account/config"])
async def test_a_start_waits_as_long_as_the_venue_asks_and_says_so(tmp_path: Path, path: str) -> None:
    async with real_stage(tmp_path / "home") as stage:
        stage.okx.faults.add(too_many(3), path=path, times=None)
        starting = asyncio.create_task(stage.engine())
        await saying(stage, "okx asks to be left alone for 3 s: it is waited for\n")
        stage.okx.faults.clear()
        await starting
        assert "Traceback" not in stage.printed
        seen = await stage.until(lambda seen: seen.state is EngineState.DISARMED)
        assert seen.mode.value == "test"


async def test_a_start_that_would_wait_for_an_hour_is_refused_in_a_line(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        stage.okx.faults.add(too_many(3600), path=INSTRUMENTS, times=None)
        code, said = await refused_start(stage, "--mode", "test", "--override-way-up", "a test")
        assert code == 2
        assert "it asks to be left alone for 3600 s, at most 60 s are waited here: try again then" in said
        assert "Traceback" not in said
        assert len([line for line in said.splitlines() if line.startswith("cockpit: ")]) == 1


async def test_open_trades_are_flattened_though_the_venue_tells_no_list_for_an_hour(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine()
        await open_eth(stage)
        await stage.kill()
        stage.okx.faults.add(too_many(3600), path=INSTRUMENTS, times=None)
        await stage.engine()
        await saying(stage, "okx asks to be left alone for 30 s: it is waited for\n")
        flattening = asyncio.create_task(stage.run("flatten", "--yes"))
        await stage.okx.until(lambda: stage.okx.held("ETH") == 0 and not stage.okx.algo_orders)
        assert stage.okx.open_orders == []
        flat = await stage.until(lambda seen: "okx says flat (2 of 2)" in " ".join(seen.flatten_steps))
        later_ns = flat.ts_ns + 10 * NS_PER_S
        seen = await stage.until(lambda seen: seen.ts_ns >= later_ns)
        assert seen.state is EngineState.FLATTENING, "what was closed is not in the books yet"
        stage.okx.faults.clear()
        code, said = await flattening
        assert code == 0, said
        assert "okx FLAT: the venue holds nothing and rests nothing" in said
        await stage.until(lambda seen: seen.state is EngineState.HALTED and not seen.open_trades)
        await stage.terminate()
        assert_books_are_the_venues(stage, ExitReason.FLATTEN)
        assert "Traceback" not in stage.printed


async def test_arming_at_a_restart_waits_for_the_venue(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine()
        await stage.terminate()
        stage.okx.faults.add(too_many(3), path=INSTRUMENTS, times=None)
        await stage.engine("--arm")
        await saying(stage, "arming waits for okx, for up to 120 s\n")
        assert "arm by start" not in stage.printed
        stage.okx.faults.clear()
        await saying(stage, "arm by start: done")
        await stage.until(lambda seen: seen.armed)


async def test_an_operator_who_disarms_meanwhile_is_not_overruled(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine()
        await stage.terminate()
        stage.okx.faults.add(too_many(3), path=INSTRUMENTS, times=None)
        await stage.engine("--arm")
        await saying(stage, "arming waits for okx, for up to 120 s\n")
        async with stage.client as client:
            await client.disarm()
        stage.okx.faults.clear()
        await saying(stage, "not armed at the start: disarm by ")
        assert "arm by start" not in stage.printed
