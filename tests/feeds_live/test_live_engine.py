"""`cockpit engine --feed live` as a process, on both venues of loopback: what it sees, records, and how it replays."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cockpit.client.address import local
from cockpit.client.stream import EngineStream
from cockpit.domain.kinds import Origin, Reading
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import SnapshotFrame
from tests.feeds_live.exchange_scene import WITHIN_S, now_ms
from tests.loopback.exchange_binance import BinanceVenue
from tests.loopback.exchange_okx import OkxVenue
from tests.patience import patient_s

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ("BTC", "SOL", "XRP", "ETH")
WATCHED = (Reading.STREAM, Reading.POSITIONING, Reading.FUNDING, Reading.OPEN_INTEREST)
START_WITHIN_S = patient_s(40.0)


async def _cockpit(home: Path, *arguments: str, **environ: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "cockpit", "--home", str(home), *arguments),
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


@asynccontextmanager
async def engine(home: Path, binance: BinanceVenue, okx: OkxVenue) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await _cockpit(
        home,
        *("engine", "--feed", "live", "--port", "0"),
        COCKPIT_BINANCEUSDM_REST_URL=binance.rest_url,
        COCKPIT_BINANCEUSDM_WS_URL=binance.ws_url,
        COCKPIT_OKX_REST_URL=okx.rest_url,
        COCKPIT_OKX_WS_URL=okx.ws_url,
        COCKPIT_JITO_URL=f"{okx.rest_url}/nowhere",
    )
    try:
        assert process.stdout is not None
        ready = (await asyncio.wait_for(process.stdout.readline(), START_WITHIN_S)).decode()
        assert "ready at" in ready and "live: binance, okx" in ready
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _until(stream: EngineStream, holds: Callable[[Snapshot], bool]) -> Snapshot:
    async with asyncio.timeout(WITHIN_S):
        async for frame in stream.frames():
            if isinstance(frame, SnapshotFrame) and holds(frame.snapshot):
                return frame.snapshot
    raise AssertionError("the stream ended")


def _all_live(snapshot: Snapshot) -> bool:
    watched = [feed for feed in snapshot.feeds if feed.reading in WATCHED]
    return all(feed.origin is Origin.FEED for feed in watched)


async def _market(binance: BinanceVenue, okx: OkxVenue) -> None:
    """Both venues speak on every channel, ten times a second."""
    for trade_id in range(1, 100_000):
        for asset in ASSETS:
            symbol, inst = f"{asset}USDT", f"{asset}-USDT-SWAP"
            await binance.trade(symbol, trade_id, 100.0, 1.0)
            await binance.top(symbol, 100.0, 5.0, 100.1, 4.0)
            await binance.mark(symbol, 100.05, 100.0)
            await okx.trade(inst, trade_id, 100.0, 10.0)
            await okx.top(inst, 100.0, 5.0, 100.1, 4.0)
            await okx.mark(inst, 100.05, 100.0)
        await asyncio.sleep(0.1)


@pytest.mark.timeout(180)
async def test_a_live_session_shows_the_market_and_replays_bit_for_bit(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with BinanceVenue(now_ms) as binance, OkxVenue(now_ms) as okx, engine(home, binance, okx) as process:
        market = asyncio.create_task(_market(binance, okx))
        stream = EngineStream(local(home / "engine.sock"), hz=20)
        seen = await _until(stream, _all_live)
        btc = next(asset for asset in seen.assets if asset.asset == "BTC")
        assert (btc.price, btc.bid, btc.ask) == (100.0, 100.0, 100.1)
        assert btc.basis_bps == pytest.approx(5.0)
        assert (btc.short_pct, btc.positioning_source) == (50.0, "binance accounts 5m")
        assert [(rate.venue, rate.interval_h) for rate in btc.funding] == [("binance", 8.0), ("okx", 8.0)]
        market.cancel()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), WITHIN_S) == 0
    (recording,) = (home / "recordings").glob("*.rec")
    replay = await _cockpit(home, "replay", str(recording), "--verify")
    said, _ = await asyncio.wait_for(replay.communicate(), START_WITHIN_S)
    assert replay.returncode == 0, said.decode()
