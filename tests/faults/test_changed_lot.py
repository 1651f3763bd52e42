"""A lot or a price step that the venue changes while a session runs: what is open stays guarded and can be left."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from cockpit.domain.kinds import Side
from tests.faults.stage import staged
from tests.loopback.exchange_binance import instrument as binance_row
from tests.loopback.exchange_okx import instrument as okx_row
from tests.loopback.trading_venue import TradingVenue

VENUES = ("binance", "okx")


def regrid(venue: TradingVenue, name: str, lot: str, tick: str) -> None:
    """ETH's lot (in base coins) and price step become these, in the venue's rules and in its list."""
    symbol = venue.symbol("ETH")
    rules = venue.core.rules[symbol]
    units = Decimal(lot) / rules.unit
    venue.core.rules[symbol] = replace(rules, lot=units, tick=Decimal(tick))
    if name == "binance":
        row = binance_row("ETH")
        size = {"stepSize": lot}
        changed = {"PRICE_FILTER": {"tickSize": tick}, "LOT_SIZE": size, "MARKET_LOT_SIZE": size}
        filters = [{**one, **changed.get(one["filterType"], {})} for one in row["filters"]]
        others = [binance_row(asset) for asset in ("BTC", "SOL", "XRP")]
        venue.exchange_info = {"symbols": [{**row, "filters": filters}, *others]}
    else:
        others = [okx_row(asset) for asset in ("BTC", "SOL", "XRP")]
        venue.instruments = [{**okx_row("ETH"), "tickSz": tick, "lotSz": f"{units:f}"}, *others]


@pytest.mark.parametrize("name", VENUES)
async def test_a_coarser_grid_has_the_next_stop_on_it_and_entries_wait(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        assert trade.open_qty == 0.011
        regrid(venue, name, "0.002", "0.5")
        stage.move("ETH", 27)
        await stage.until(
            lambda: stage.trade(trade.trade_id).stop_at_entry and stage.trade(trade.trade_id).stop_rests_on_venue
        )
        (stop,) = venue.algo_orders
        assert stop.asked.trigger is not None and stop.asked.trigger % Decimal("0.5") == 0
        assert float(stop.asked.qty or 0) == pytest.approx(float(venue.units("ETH", 0.006)))
        assert venue.held("ETH") == pytest.approx(0.006) and venue.watch.longest_naked_s() == 0.0
        answer = await stage.signal("ETH", venue=name)
        assert not answer.ok and "lot 0.001 to 0.002" in answer.sentence
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_a_finer_grid_takes_the_next_entry_and_its_exits(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        regrid(venue, name, "0.0005", "0.005")
        stage.move("ETH", -60)
        await stage.until(lambda: stage.closed(trade.trade_id))
        second = await stage.open_trade("ETH", Side.SHORT, venue=name)
        assert venue.held("ETH") == pytest.approx(-second.open_qty)
        assert venue.watch.covered(venue.symbol("ETH")) and venue.watch.longest_naked_s() == 0.0
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_less_than_a_lot_is_left_and_named_the_rest_is_guarded_and_closed(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        regrid(venue, name, "0.004", "0.5")
        stage.move("ETH", 27)
        await stage.until(lambda: stage.trade(trade.trade_id).stop_at_entry)
        await stage.until(lambda: len(venue.algo_orders) == 1 and stage.trade(trade.trade_id).stop_rests_on_venue)
        (stop,) = venue.algo_orders
        assert float(stop.asked.qty or 0) == pytest.approx(float(venue.units("ETH", 0.004))), "all whole lots of it"
        await stage.flatten()
        if name == "okx":  # its own close of a whole position takes what is under a lot too
            await stage.until(lambda: stage.is_bare(venue))
        else:
            await stage.until(lambda: stage.saw(f"{name} DUST: …"))
            assert venue.held("ETH") == pytest.approx(0.002)
