"""Rows 21, 22, 25 and 26: what the account's stream says twice, late or not at all changes nothing in the books."""

from pathlib import Path

import pytest

from cockpit.domain.kinds import ExitReason
from tests import venue_pairs
from tests.faults.stage import AMOUNT_USD, Stage, staged
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")
PAIRS = 'external_strategies.0.pairs=["BTC/USDT","ETH/USDT","SOL/USDT","XRP/USDT"]'


def books_agree(stage: Stage, venue: TradingVenue) -> bool:
    """Every execution of the venue is in the journal once, with its quantity and its fee."""
    booked = stage.rows("select sum(qty), sum(fee_usd), count(*) from fills")[0]
    coins = [float(one.qty * venue.core.rules[one.symbol].unit) for one in venue.executions]
    fees = [float(one.fee_usd) for one in venue.executions]
    return bool(booked == (pytest.approx(sum(coins)), pytest.approx(sum(fees)), len(coins)))


@pytest.mark.parametrize("asset", ["BTC", "ETH", "SOL", "XRP"])
async def test_21_a_position_in_contracts_is_worth_what_the_gate_allowed(tmp_path: Path, asset: str) -> None:
    async with staged(tmp_path, PAIRS) as stage:
        rules = stage.okx.core.rules[stage.okx.symbol(asset)]
        if float(rules.lot * rules.unit) * stage.world.prices[asset] > AMOUNT_USD:
            pytest.skip(f"one lot of {asset} is more than the {AMOUNT_USD:g} USD of a trade there")
        trade = await stage.open_trade(asset, venue=venue_pairs.second())
        contracts = abs(stage.okx.positions[stage.okx.symbol(asset)])
        unit = stage.okx.core.rules[stage.okx.symbol(asset)].unit
        worth_usd = float(contracts * unit) * stage.world.prices[asset]
        assert float(contracts * unit) == pytest.approx(trade.open_qty)
        assert AMOUNT_USD * 0.6 < worth_usd <= AMOUNT_USD
        assert not stage.missed(21)
        await stage.flat()
        assert books_agree(stage, stage.okx)


@pytest.mark.parametrize("name", VENUES)
async def test_22_a_stream_of_the_account_that_says_nothing(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.user_stream.stalled = True
        trade = await stage.open_trade("ETH", venue=name)
        stage.move("ETH", -60)
        await stage.until(lambda: stage.closed(trade.trade_id))
        assert stage.trade(trade.trade_id).exit_reason is ExitReason.STOP
        venue.user_stream.stalled = False
        await stage.flat()
        assert books_agree(stage, venue)


async def test_25_a_dead_listen_key_loses_no_fill(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.binance
        trade = await stage.open_trade("ETH", venue="binance")
        first = venue.listen_key
        venue.expire_listen_key()
        stage.move("ETH", -60)
        await stage.until(lambda: stage.closed(trade.trade_id))
        assert stage.trade(trade.trade_id).exit_reason is ExitReason.STOP
        await stage.until(lambda: not stage.missed(25) and venue.listen_key not in (None, first))
        await stage.flat()
        assert books_agree(stage, venue)


@pytest.mark.parametrize("by_bps", [27, -60], ids=["a target", "the stop"])
@pytest.mark.parametrize("name", VENUES)
async def test_26_a_fill_that_the_stream_lost_is_found(tmp_path: Path, name: str, by_bps: int) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        venue.user_stream.drop_next = 6
        stage.move("ETH", by_bps)
        await stage.until(lambda: stage.trade(trade.trade_id).open_qty == pytest.approx(abs(venue.held("ETH"))), 5.0)
        venue.user_stream.drop_next = 0
        assert not stage.missed(26)
        await stage.flat()
        assert books_agree(stage, venue)


@pytest.mark.parametrize("name", VENUES)
async def test_26_frames_twice_and_out_of_order_change_nothing(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.user_stream.repeat_next = 20
        trade = await stage.open_trade("ETH", venue=name)
        venue.user_stream.repeat_next = 0
        venue.user_stream.hold_next = 4
        stage.move("ETH", 27)
        await stage.until(lambda: stage.trade(trade.trade_id).open_qty == pytest.approx(abs(venue.held("ETH"))))
        venue.user_stream.hold_next = 0
        await stage.flat()
        assert books_agree(stage, venue)
