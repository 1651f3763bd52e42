"""From the first fill to a resting stop, measured at the venue: at most a second wherever the venue can be reached."""

from pathlib import Path

import pytest

from tests import venue_pairs
from tests.faults.stage import Stage, staged
from tests.faults.venue_terms import NEW_CODE
from tests.loopback.trading_faults import Fault, answered, bad_gateway, dropped_after, empty, hanging, too_many
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")


async def protected_or_out(stage: Stage, venue: TradingVenue, trade_id: str) -> None:
    """The position has its stop, or is gone."""
    await stage.until(lambda: stage.trade(trade_id).stop_rests_on_venue or stage.closed(trade_id))
    assert venue.held("ETH") == 0 or venue.watch.covered(venue.symbol("ETH"))


@pytest.mark.parametrize("is_mute", [False, True])
@pytest.mark.parametrize("name", VENUES)
async def test_a_code_nobody_knows(tmp_path: Path, name: str, is_mute: bool) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.user_stream.stalled = is_mute
        venue.faults.add(answered(NEW_CODE[name]), roles={"entry"})
        trade = await stage.open_trade("ETH", venue=name)
        assert trade.open_qty == abs(venue.held("ETH"))
        assert venue.watch.longest_naked_s() <= 1.0
        await stage.flat()


@pytest.mark.not_at("which coins are ours its list of orders alone says", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_an_entry_nobody_finds_for_long(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.user_stream.stalled = True
        venue.faults.add(dropped_after(), roles={"entry"})
        rule = venue.faults.add(empty(), roles={"lookup", "history"}, times=None)
        trade_id = await stage.enter("ETH", venue=name)
        stage.world.loop.call_later(12.0, venue.faults.remove, rule)
        await protected_or_out(stage, venue, trade_id)
        assert venue.watch.longest_naked_s() <= 1.0
        assert not stage.saw("not ours")


@pytest.mark.every_venue
@pytest.mark.parametrize("name", VENUES)
async def test_a_list_of_fills_that_lags(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.user_stream.stalled = True
        rule = venue.faults.add(empty(), roles={"history"}, times=None)
        trade_id = await stage.enter("ETH", venue=name)
        stage.world.loop.call_later(9.0, venue.faults.remove, rule)
        await protected_or_out(stage, venue, trade_id)
        assert venue.watch.longest_naked_s() <= 1.0


@pytest.mark.parametrize(
    "fault",
    [
        hanging(30, executes=False),
        hanging(30),
        bad_gateway(),
        bad_gateway(executes=True),
        too_many(3),
        too_many(None),
        too_many(3600),
    ],
    ids=["hangs", "hangs, executed", "502", "502, executed", "429 3 s", "429", "429 3600 s"],
)
@pytest.mark.parametrize("times", [1, None])
@pytest.mark.parametrize("is_mute", [False, True])
@pytest.mark.parametrize("name", VENUES)
async def test_a_stop_whose_answer(tmp_path: Path, name: str, fault: Fault, times: int | None, is_mute: bool) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.user_stream.stalled = is_mute
        venue.faults.add(fault, roles={"stop"}, times=times)
        trade_id = await stage.enter("ETH", venue=name)
        await protected_or_out(stage, venue, trade_id)
        print(name, venue.watch.longest_naked_s(), stage.trade(trade_id).phase)
        assert venue.watch.longest_naked_s() <= 1.0


async def test_an_answer_of_several_requests_comes_through_while_stops_are_turned_away(tmp_path: Path) -> None:
    """Kraken's answer to what became of an order is three lists; the position is closed, and known to be."""
    venue_pairs.choose(venue_pairs.WITH_KRAKEN)
    async with staged(tmp_path) as stage:
        venue = stage.world.venues["krakenfutures"]
        venue.user_stream.stalled = True
        venue.faults.add(too_many(3), roles={"stop"}, times=None)
        trade_id = await stage.enter("ETH", venue="krakenfutures")
        await stage.until(lambda: stage.closed(trade_id), within_s=10.0)
        assert venue.watch.longest_naked_s() <= 1.0


@pytest.mark.parametrize("name", VENUES)
async def test_words_that_come_late(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.user_stream.delay_s = 3.0
        trade_id = await stage.enter("ETH", venue=name)
        await protected_or_out(stage, venue, trade_id)
        assert venue.watch.longest_naked_s() <= 1.0
