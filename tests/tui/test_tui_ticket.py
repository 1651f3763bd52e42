"""The ticket before an engine of its own: a real host on the simulated market, its API on loopback HTTP."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from screen_stage import Stage, staged
from test_tui_hands import plain

from cockpit.client.address import remote
from cockpit.client.live import LiveLink
from cockpit.domain.kinds import EngineState
from cockpit.tui.screens.ticket import Ticket
from cockpit.tui.settings import LOCAL_HZ
from tests.api.api_stage import Running, running

HELD_FOR = 12
"""So often a key that is held down says the same."""
OVER_BUDGET = "notional 4000.00 USD over 415.00"


@pytest.fixture
def home() -> Iterator[Path]:
    """A home with a short path: a Unix socket's is limited."""
    directory = Path(tempfile.mkdtemp(prefix="ck-"))
    yield directory / "home"
    shutil.rmtree(directory)


@asynccontextmanager
async def at_the_keys(home: Path, *, arm: bool = True) -> AsyncIterator[tuple[Running, Stage]]:
    """A screen that knows how the engine stands."""
    state = EngineState.ARMED if arm else EngineState.DISARMED
    async with (
        running(home, arm=arm) as engine,
        LiveLink(remote(engine.url), LOCAL_HZ) as link,
        staged(link) as stage,
    ):
        await stage.until(lambda: stage.app.store.snapshot.state is state)
        yield engine, stage


async def journalled(engine: Running, query: str) -> list[tuple[Any, ...]]:
    """The journal's rows, once everything is written."""
    assert await asyncio.to_thread(engine.host.journal.flush)
    with closing(sqlite3.connect(engine.places.home / "journal.sqlite")) as connection:
        return connection.execute(query).fetchall()


def is_open(stage: Stage) -> bool:
    return any(isinstance(screen, Ticket) for screen in stage.app.screen_stack)


async def test_enter_that_is_held_down_is_one_order_in_the_journal(home: Path) -> None:
    async with at_the_keys(home) as (engine, stage):
        await stage.press("E", *"60", "down", "down", *"300", "down", *"900")
        await stage.until(lambda: "WOULD BE SENT" in plain(stage))
        ticket = plain(stage)
        assert await journalled(engine, "select count(*) from orders") == [(0,)], "a verdict sends nothing"
        for _ in range(HELD_FOR):
            stage.app.simulate_key("enter")
        await stage.until(lambda: not is_open(stage) and bool(engine.host.recent.trades))
        await stage.press(*["enter"] * HELD_FOR)
        (trade_id,) = engine.host.recent.trades
        await stage.until(lambda: engine.host.recent.trades[trade_id].stop_rests_on_venue)
        ((qty, setup),) = await journalled(
            engine, "select orders.qty, trades.setup from orders join trades using (trade_id) where role = 'entry'"
        )
        assert setup == "manual"
        assert f"{qty:.8g} BTC" in ticket and "stop 300 bps" in ticket, "what the ticket said is what was sent"
        assert await journalled(engine, "select count(*) from verdicts") == [(1,)]
        asked = await journalled(engine, "select * from operator_actions where asked_by = 'screen'")
        assert len(asked) == 1, "it was asked for once: neither the id nor the cool-down had to stop a second"
        assert await journalled(engine, "select count(*) from orders where role = 'stop'") == [(1,)]


async def test_the_verdict_follows_what_is_typed_and_a_refusal_stays_with_its_reason(home: Path) -> None:
    async with at_the_keys(home) as (engine, stage):
        await stage.press("E", *"4000")
        await stage.until(lambda: f"would not be sent: {OVER_BUDGET}" in plain(stage))
        await stage.press("enter")
        await stage.until(lambda: "REFUSED: " in plain(stage))
        for _ in range(3):  # the picture and the verdict go on, the refusal stays
            stage.clock.now_s += 5.0
            await stage.settle()
            assert OVER_BUDGET in plain(stage).partition("REFUSED: ")[2] and is_open(stage)
        assert await journalled(engine, "select approved, reason_check from verdicts") == [(False, "max_notional")]
        assert await journalled(engine, "select count(*) from orders") == [(0,)]

        await stage.press("backspace", "backspace")
        await stage.until(lambda: "WOULD BE SENT" in plain(stage))
        assert "REFUSED" not in plain(stage), "it was of another ticket"
        await stage.press("enter")
        await stage.until(lambda: not is_open(stage))
        assert await journalled(engine, "select count(*) from orders where role = 'entry'") == [(1,)]


async def test_while_disarmed_it_is_judged_and_not_sent(home: Path) -> None:
    async with at_the_keys(home, arm=False) as (engine, stage):
        await stage.press("E", *"60")
        await stage.until(lambda: "would not be sent: disarmed" in plain(stage))
        await stage.press(*["enter"] * HELD_FOR)
        assert "not sent: expected the engine armed, was disarmed (a arms)" in plain(stage) and is_open(stage)
        assert await journalled(engine, "select count(*) from verdicts") == [(0,)]
        assert await journalled(engine, "select count(*) from orders") == [(0,)]
