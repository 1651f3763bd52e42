"""`cockpit flatten` and an engine that answers late: past it to the venues after a second, asked for longer only where
nobody else can flatten.
"""

import asyncio
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from running_engine import PROJECT_ROOT, Shell

from tests.loopback.okx_trading import OkxTradingVenue
from tests.loopback.trading_venue import KEY, PASSWORD, SECRET
from tests.patience import patient_s

FIRST = "does not answer within 1 s"
LONGER = "without keys only the engine can flatten: asking process "


@contextmanager
def flattening(shell: Shell) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        shell.command("flatten", "--yes"),
        cwd=PROJECT_ROOT,
        env=shell.environment({"PYTHONUNBUFFERED": "1"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[str], words: str) -> list[str]:
    """What it says up to the line with these words."""
    assert process.stdout is not None
    said = [process.stdout.readline()]
    while words not in said[-1]:
        assert said[-1], said
        said.append(process.stdout.readline())
    return said


@pytest.mark.parametrize("slow_until", [FIRST, LONGER], ids=["for a second", "for some seconds"])
def test_an_engine_that_answers_late_flattens(shell: Shell, slow_until: str) -> None:
    shell.start_engine("--arm")
    shell.open_a_trade()
    shell.signal(signal.SIGSTOP)
    with flattening(shell) as process:
        said = until(process, slow_until)
        shell.signal(signal.SIGCONT)
        rest, _ = process.communicate(timeout=patient_s(60))
        said += rest.splitlines()
    assert process.returncode == 0, said
    assert said[-1].startswith("FLAT"), said
    assert not any("may still send entries" in line or "unknown" in line for line in said), said


def test_an_engine_that_never_answers_is_said_to_run_and_asked_for_long(shell: Shell) -> None:
    shell.start_engine("--arm")
    shell.open_a_trade()
    shell.signal(signal.SIGSTOP)
    found = shell.run("flatten", "--yes")
    assert found.returncode == 1
    lines = found.stdout.splitlines()
    assert FIRST in lines[0] and "no venue's keys are set" in lines[1], lines
    assert any(line.startswith(LONGER) and line.endswith(" for 10 s") for line in lines), lines
    assert lines[-2].startswith("open in the journal: t000001 ")
    assert shell.engine is not None
    assert lines[-1] == (
        f"not flattened: process {shell.engine.pid} runs and did not answer, so what it has open right now is unknown; "
        "run this again, or end it and start it again"
    )


def test_a_dead_engine_is_not_waited_for(shell: Shell) -> None:
    shell.start_engine()
    shell.signal(signal.SIGKILL)
    found = shell.run("flatten", "--yes")
    assert found.stdout.splitlines()[0].startswith("no engine runs on this profile")
    assert LONGER not in found.stdout


async def test_with_keys_the_venue_is_not_kept_waiting_by_an_engine_that_is_silent(shell: Shell) -> None:
    async with OkxTradingVenue() as okx:
        okx.set_price("ETH", 3_999.99, 4_000, mark=4_000)
        okx.trade_by_hand("ETH", "buy", 0.5)
        await asyncio.to_thread(shell.start_engine)
        shell.signal(signal.SIGSTOP)
        keys = {"COCKPIT_OKX_API_KEY": KEY, "COCKPIT_OKX_SECRET": SECRET, "COCKPIT_OKX_PASSWORD": PASSWORD}
        urls = {"COCKPIT_OKX_REST_URL": okx.rest_url, "COCKPIT_OKX_WS_URL": okx.ws_url}
        found = await asyncio.to_thread(shell.run, "flatten", "--yes", **keys, **urls)
        lines = found.stdout.splitlines()
        assert found.returncode == 0 and lines[-1].startswith("FLAT"), found
        assert [line for line in lines if "does not answer" in line] == lines[:1] and FIRST in lines[0], lines
        assert okx.positions == {}
