"""Out of coins by each road through the engine, with processes: REST, MCP, and the key."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from cockpit.domain.kinds import EngineState
from tests.patience import patient_s
from tests.runtime.spot_session import (
    SOUND,
    SpotStage,
    guarding,
    is_bare,
    is_read,
    opened,
    over,
    spot_stage,
)
from tests.tui.pty_process import PROJECT_ROOT, PtyProcess

pytestmark = pytest.mark.timeout(900)
WITHIN_S = patient_s(60.0)


async def trading(stage: SpotStage) -> None:
    """Armed, whatever was before; coins are bought, and their stop rests."""
    await stage.until(is_read)
    async with stage.client as client:
        if (await client.snapshot()).state is EngineState.HALTED:
            await client.resume("seen flat")
        await client.arm()
    await opened(stage)
    await stage.coinbase.until(lambda: guarding(stage) == pytest.approx(stage.coinbase.ours("SOL")))
    assert guarding(stage) > 0


async def out(stage: SpotStage) -> None:
    await stage.coinbase.until(lambda: is_bare(stage))
    assert stage.coinbase.ours("SOL") == pytest.approx(0.0, abs=1e-8)


async def by_key(stage: SpotStage) -> None:
    command = [sys.executable, "-m", "cockpit", "--home", str(stage.home), "attach"]
    screen = await asyncio.to_thread(PtyProcess, command, stage.environ)
    try:
        await asyncio.to_thread(screen.wait_until_shown, "SOL", WITHIN_S)
        screen.press("f12")
        screen.press("f12")
        await out(stage)
    finally:
        await asyncio.to_thread(screen.end)


async def by_rest(stage: SpotStage) -> None:
    transport = httpx.AsyncHTTPTransport(uds=str(stage.home / "engine.sock"), verify=False)
    async with httpx.AsyncClient(base_url="http://cockpit", transport=transport, timeout=WITHIN_S) as client:
        answer = await client.post("/api/flatten", json={"reason": "enough"})
    assert answer.status_code == 200, answer.text
    await out(stage)


async def by_mcp(stage: SpotStage) -> None:
    mcp, stdio = pytest.importorskip("mcp"), pytest.importorskip("mcp.client.stdio")
    server = stdio.StdioServerParameters(
        command=sys.executable,
        args=["-m", "cockpit", "--home", str(stage.home), "mcp"],
        env=stage.environ,
        cwd=str(PROJECT_ROOT),
    )
    async with mcp.Client(stdio.stdio_client(server, errlog=sys.stderr)) as client:
        assert not (await client.call_tool("flatten", {"reason": "enough"})).is_error
    await out(stage)


async def test_each_road_with_an_engine_sells_what_our_orders_bought(tmp_path: Path) -> None:
    async with spot_stage(tmp_path / "home") as stage:
        await stage.engine(overrides=SOUND)
        for road in (by_rest, by_mcp, by_key):
            await trading(stage)
            await road(stage)
            await stage.until(over)
            await stage.until(lambda snapshot: snapshot.state is EngineState.HALTED)
        venue = stage.coinbase
        assert venue.watch.oversold(venue.symbol("SOL")) == 0 and venue.watch.longest_naked_s() < 1.0
