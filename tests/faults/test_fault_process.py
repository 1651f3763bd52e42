"""Rows 37 and 40: the process's polite end, and a journal that is locked."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cockpit.domain.commands import Disarm
from tests.faults.stage import staged

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")


@pytest.mark.parametrize("name", VENUES)
async def test_37_the_end_takes_back_what_rests_and_leaves_stops(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.core.fill_next(0.4)
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: bool(venue.algo_orders))
        await stage.command(lambda now_ns, command_id: Disarm(now_ns, command_id, "engine", takes_back_entries=True))
        await stage.until(lambda: not [order for order in venue.open_orders if not order.reduce_only])
        assert stage.rows("select status from orders where role = 'entry'") == [("cancelled",)]
        held = venue.held("ETH")
        assert held and stage.trade(trade_id).open_qty == pytest.approx(held)
        assert stage.trade(trade_id).stop_rests_on_venue and venue.algo_orders
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_40_a_locked_journal_lets_nothing_in_and_everything_out(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        entries = len(venue.called("entry"))
        stage.generation.does_not_wait_for_the_journal()
        with closing(sqlite3.connect(stage.home / "journal.sqlite", isolation_level=None)) as other:
            other.execute("begin exclusive")
            denied = await stage.enter("SOL", venue=name)
            await stage.until(lambda: stage.closed(denied))
            assert not stage.missed(40)
            stage.move("ETH", -60)
            await stage.until(lambda: stage.closed(trade.trade_id))
            other.execute("rollback")
        assert len(venue.called("entry")) == entries
        assert stage.rows("select count(*) from trades where phase in ('closed', 'abandoned')") == [(2,)]
        assert stage.is_bare(venue)
