"""A position is an instrument in a margin mode: what is held in the other one is named, and touches nothing of ours."""

import asyncio
from pathlib import Path

import pytest

from cockpit.domain.kinds import Side, TradePhase
from tests.faults.stage import staged
from tests.loopback.okx_bodies import OTHER_MODE

ON_BOTH_PAIRS = True

QTY = 0.02
ONLY_OKX = pytest.mark.not_at("only OKX holds one perpetual in two margin modes at once")
FOREIGN = pytest.mark.parametrize("foreign", ["buy", "sell"])
SIZES = pytest.mark.parametrize("qty", [0.005, 0.011, 0.05])


@ONLY_OKX
@FOREIGN
@SIZES
@pytest.mark.parametrize("first", [True, False])
async def test_the_other_margin_mode_is_named_and_takes_nothing_from_ours(
    tmp_path: Path, foreign: str, qty: float, first: bool
) -> None:
    async with staged(tmp_path) as stage:
        okx = stage.okx
        if first:
            okx.trade_in_other_mode("ETH", foreign, qty)
            await stage.until(lambda: stage.saw("okx holds … ETH cross…: not ours…"))
        trade = await stage.open_trade("ETH", venue="okx")
        if not first:
            okx.trade_in_other_mode("ETH", foreign, qty)
            await stage.until(lambda: stage.saw("okx holds … ETH cross…: not ours…"))
        stops = [algo.client_id for algo in okx.algo_orders]
        await asyncio.sleep(15)
        assert stage.trade(trade.trade_id).phase is TradePhase.OPEN
        assert stage.trade(trade.trade_id).open_qty == trade.open_qty
        assert [algo.client_id for algo in okx.algo_orders] == stops
        assert okx.watch.longest_naked_s(okx.symbol("ETH")) == 0.0
        stage.move("ETH", -60)
        await stage.until(lambda: stage.closed(trade.trade_id))
        assert float(okx.core.positions[f"{okx.symbol('ETH')}{OTHER_MODE}"].qty) != 0.0, "no exit of ours touched it"


@ONLY_OKX
@FOREIGN
async def test_a_flatten_closes_both_and_books_each_to_its_own(tmp_path: Path, foreign: str) -> None:
    async with staged(tmp_path) as stage:
        okx = stage.okx
        trade = await stage.open_trade("ETH", Side.LONG, venue="okx")
        okx.trade_in_other_mode("ETH", foreign, QTY)
        await stage.until(lambda: stage.saw("okx holds … ETH cross…: not ours…"))
        began_s = stage.world.loop.time()
        await stage.flat()
        assert stage.world.loop.time() - began_s < 4.0
        closed = stage.trade(trade.trade_id)
        assert closed.exit_qty == pytest.approx(trade.open_qty)
        assert not stage.saw("fill … which is not ours…")


@ONLY_OKX
async def test_what_is_closed_there_by_hand_is_over(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.okx.trade_in_other_mode("ETH", "buy", QTY)
        await stage.until(lambda: stage.saw("okx holds … ETH cross…: not ours…"))
        stage.okx.trade_in_other_mode("ETH", "sell", QTY)
        await stage.until(lambda: stage.saw("okx holds nothing apart from ours in ETH any more"))
        await stage.flat()
