"""A flatten past the engine halts it: whether it was frozen meanwhile, or dead, or about to send."""

import asyncio
import stat
from pathlib import Path

import pytest

from cockpit.config.places import Places
from cockpit.domain.kinds import EngineState, ExitReason
from cockpit.flatten.direct import flatten_directly
from cockpit.runtime.halt_mark import FILE_NAME, halt_mark, leave_halt_mark
from cockpit.runtime.profile_prefix import known_prefix
from tests.conftest import SHIPPED_CONFIG
from tests.faults.stage import Stage, staged

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")


def places(stage: Stage) -> Places:
    return Places(stage.home, SHIPPED_CONFIG)


async def flattened_past_it(stage: Stage) -> None:
    """As `cockpit flatten` does it: the mark first, then straight to the venues."""
    assert leave_halt_mark(places(stage)) == ""
    accounts = stage.world.accounts(stage.config, stage.world.venues)
    prefix = known_prefix(places(stage))
    assert prefix is not None
    assert await flatten_directly(accounts, lambda step: None, prefix)


@pytest.mark.parametrize("name", VENUES)
async def test_an_engine_that_was_flattened_past_is_halted(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        trade = await stage.open_trade("ETH", venue=name)
        await flattened_past_it(stage)
        await stage.until(lambda: stage.state is EngineState.HALTED)
        await stage.until(lambda: stage.closed(trade.trade_id))
        assert stage.trade(trade.trade_id).exit_reason in (ExitReason.FLATTEN, ExitReason.OUTSIDE)
        assert "flattened past the engine at" in stage.engine.risk.reason
        await stage.until(lambda: not halt_mark(places(stage)))
        assert not (await stage.arm()).ok
        assert (await stage.resume()).ok
        await asyncio.sleep(1)
        assert stage.state is EngineState.DISARMED, "a mark halts once"
        assert (await stage.arm()).ok


@pytest.mark.parametrize("name", VENUES)
async def test_an_entry_decided_before_the_mark_was_seen_is_not_sent(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        answering = asyncio.ensure_future(stage.signal("ETH", venue=name))
        leave_halt_mark(places(stage))
        await answering
        await stage.until(lambda: stage.state is EngineState.HALTED)
        await stage.until(lambda: not stage.engine.book.trades)
        assert not venue.called("entry")


@pytest.mark.parametrize("name", VENUES)
async def test_an_engine_started_after_it_comes_up_halted(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        await stage.open_trade("ETH", venue=name)
        stage.kill_now()
        await stage.bury()
        (tmp_path / f"life{stage.lives}").mkdir(exist_ok=True)
        leave_halt_mark(Places(tmp_path / f"life{stage.lives}", SHIPPED_CONFIG))
        accounts = stage.world.accounts(stage.config, stage.world.venues)
        assert await flatten_directly(accounts, lambda step: None)
        await stage.begin()
        await stage.until(lambda: stage.state is EngineState.HALTED)
        await stage.until(lambda: not stage.engine.book.trades)


def test_it_is_readable_by_its_owner_only_and_stands_in_no_flattens_way(tmp_path: Path) -> None:
    home = Places(tmp_path, SHIPPED_CONFIG)
    assert leave_halt_mark(home) == ""
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    (tmp_path / FILE_NAME).write_bytes(b"\x1b[2Jx\nmore" * 100)
    assert "\x1b" not in halt_mark(home) and len(halt_mark(home)) <= 200
    assert leave_halt_mark(Places(tmp_path / "none", SHIPPED_CONFIG)) == ""
    assert not (tmp_path / "none").exists()
    blocked = tmp_path / "blocked"
    (blocked / FILE_NAME).mkdir(parents=True)
    assert "could not be written" in leave_halt_mark(Places(blocked, SHIPPED_CONFIG))
