"""Whatever becomes of the terminal, the engine goes on: it beats, and a stop that is touched closes its trade."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pty_process import PROJECT_ROOT, PtyProcess, clean_environ

from cockpit.client.address import local
from cockpit.client.errors import EngineRefused
from cockpit.client.http import EngineClient
from cockpit.config.jsonfile import read_object
from tests.patience import patient_s

STALL_S = 15.0
CLOSES_WITHIN_S = 75.0
BEATS_EVERY_S = 0.25
SIGNAL = {"strategy": "Cross-Exchange Arbitrage", "pair": "BTC/USDT", "amount": 40.0, "side": "long", "mode": "paper"}


class ScreenStage:
    """A real engine on the simulated market, ten times as fast, whose signals have a stop that is soon touched."""

    def __init__(self, home: Path) -> None:
        self.home = home
        config = read_object(PROJECT_ROOT / "config" / "tactical_scalp_config.json")
        config.pop("$schema", None)
        config["external_strategies"][0] |= {
            "stop_bps": 8, "targets": [{"distance_bps": 450, "share_pct": 100}]
        }  # fmt: skip
        self.config = home / "own.json"
        self.config.write_text(json.dumps(config), encoding="utf-8")
        self.engine = subprocess.Popen(
            self.command("engine", "--speed", "10", "--arm", "--port", "0", "--seed", "27"),
            cwd=PROJECT_ROOT, env=clean_environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert self.engine.stdout is not None
        line = self.engine.stdout.readline()
        assert line.startswith(b"ready"), line

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "cockpit", "--home", str(self.home), "--config", str(self.config), *words]

    def client(self) -> EngineClient:
        return EngineClient(local(self.home / "engine.sock"))

    def end(self) -> None:
        self.engine.kill()
        self.engine.wait()
        assert self.engine.stdout is not None
        self.engine.stdout.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ScreenStage]:
    found = ScreenStage(tmp_path)
    yield found
    found.end()


@pytest.fixture
def screen(stage: ScreenStage) -> Iterator[PtyProcess]:
    process = PtyProcess(stage.command())
    process.wait_for("SIMULATED", 40)
    yield process
    process.end()


async def open_trade(client: EngineClient) -> str:
    """Send the signal until the gate lets it through and its trade is open."""
    async with asyncio.timeout(patient_s(60)):
        while True:
            try:
                found = await client.execute(SIGNAL)
            except EngineRefused:
                await asyncio.sleep(BEATS_EVERY_S)
                continue
            trade_id = str(found["trade_id"])
            if any(view.trade.trade_id == trade_id for view in (await client.snapshot()).open_trades):
                return trade_id


async def watch(client: EngineClient, trade_id: str, at_least_s: float) -> tuple[list[int], dict[str, Any]]:
    """The engine's beats (its own time, as it answers) until the trade is closed, and that long at least."""
    beats: list[int] = []
    began_s = time.monotonic()
    while True:
        beats.append((await client.snapshot()).ts_ns)
        trade = next(one for one in (await client.trades())["trades"] if one["trade_id"] == trade_id)
        lasted_s = time.monotonic() - began_s
        if trade["closed_ns"] and lasted_s >= at_least_s:
            return beats, trade
        assert lasted_s < CLOSES_WITHIN_S, f"expected the stop to be touched within {CLOSES_WITHIN_S:g} s, was {trade}"
        await asyncio.sleep(BEATS_EVERY_S)


def check(beats: list[int], trade: dict[str, Any]) -> None:
    assert trade["exit_reason"] == "stop"
    assert len(beats) > 4 and beats == sorted(set(beats)), "the engine's time stood still"


@pytest.mark.timeout(240)
async def test_a_terminal_that_is_not_read_for_15_seconds(stage: ScreenStage, screen: PtyProcess) -> None:
    async with stage.client() as client:
        trade_id = await open_trade(client)
        screen.stall()
        check(*await watch(client, trade_id, STALL_S))
        screen.go_on()
    screen.wait_until_shown("F12/^\\", 40)
    screen.press("e")
    screen.wait_until_shown("Closed trades", 40)


@pytest.mark.timeout(240)
async def test_a_terminal_that_is_resized_60_times(stage: ScreenStage, screen: PtyProcess) -> None:
    async with stage.client() as client:
        trade_id = await open_trade(client)
        for number in range(60):
            screen.resize(20 + (number * 37) % 140, 5 + (number * 17) % 50)
            await asyncio.sleep(0.02)
        check(*await watch(client, trade_id, 1.5))
    screen.resize(120, 40)
    before = screen.count
    screen.press("e")
    screen.wait_for("Closed trades", 40, after=before)
    assert b"Traceback" not in screen.written


@pytest.mark.timeout(240)
async def test_a_terminal_that_is_closed(stage: ScreenStage, screen: PtyProcess) -> None:
    async with stage.client() as client:
        trade_id = await open_trade(client)
        screen.close_terminal()
        assert screen.wait() == 129
        check(*await watch(client, trade_id, 1.5))
