"""Two trades on one perpetual: their stops are judged against the one position that the venue holds."""

from pathlib import Path

import pytest

from cockpit.domain.kinds import Side
from tests import venue_pairs
from tests.faults.stage import Stage, staged
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")
SIDES = (Side.LONG, Side.SHORT)
MOST_BARE_S = 1.0


def stops_of(venue: TradingVenue) -> float:
    """What the stops that rest there cover, in base coins."""
    return sum(float((a.asked.qty or 0) * venue.core.rules[a.asked.symbol].unit) for a in venue.algo_orders)


def agreed(stage: Stage, venue: TradingVenue) -> bool:
    """The books are the venue's, and its stops cover it exactly."""
    trades = [trade.record for trade in stage.engine.book.trades]
    ours = sum(trade.side.sign * trade.open_qty for trade in trades)
    rest = all(trade.stop_rests_on_venue for trade in trades)
    held = venue.held("ETH")
    return rest and held == pytest.approx(ours) and stops_of(venue) == pytest.approx(abs(held))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", VENUES)
async def test_the_first_target_of_one_of_two_leaves_nothing_bare(tmp_path: Path, name: str, side: Side) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", side, venue=name)
        stage.move("ETH", side.sign * 10)
        await stage.open_trade("ETH", side, venue=name)
        await stage.until(lambda: agreed(stage, venue))
        stage.move("ETH", side.sign * 17)
        await stage.until(lambda: venue.watch.largest and agreed(stage, venue))
        assert venue.watch.longest_naked_s() == 0.0
        await stage.flat()


@pytest.mark.parametrize("moves", [(27, 12), (60,), (110,), (-20, -40)])
@pytest.mark.parametrize("name", VENUES)
async def test_targets_and_stops_of_two_fill_in_turn(tmp_path: Path, name: str, moves: tuple[float, ...]) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", venue=name)
        stage.move("ETH", 10)
        await stage.open_trade("ETH", venue=name)
        for by_bps in moves:
            stage.move("ETH", by_bps)
            await stage.until(lambda: agreed(stage, venue))
        assert venue.watch.longest_naked_s() == 0.0
        await stage.flat()


@pytest.mark.parametrize("part", [0.003, 0.007, 0.011, 0.013, 0.017])
@pytest.mark.parametrize("name", VENUES)
async def test_an_odd_part_closed_by_hand_leaves_nothing_bare(tmp_path: Path, name: str, part: float) -> None:
    """Coins are sold by hand once the stops that hold them are off. Where both had to leave, and no more than one of
    them can be laid again, the rest is closed.
    """
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        one = (await stage.open_trade("ETH", venue=name)).open_qty
        await stage.open_trade("ETH", venue=name)
        both = venue.held("ETH")
        assert 0.02 < both < 0.023
        venue.trade_by_hand("ETH", "sell", part)
        await stage.until(lambda: agreed(stage, venue))
        is_closed = part > one and venue_pairs.is_spot() and name != "binance"
        assert venue.held("ETH") == pytest.approx(0.0 if is_closed else both - part, abs=1e-8)
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_one_of_two_stops_fills(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", venue=name)
        stage.move("ETH", 15)
        await stage.open_trade("ETH", venue=name)
        stage.move("ETH", -32)
        await stage.until(lambda: len(stage.engine.book.trades) == 1 and agreed(stage, venue))
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize("by", ["target", "hand"])
async def test_a_venue_that_trims_stops_to_the_position_leaves_nothing_bare(tmp_path: Path, name: str, by: str) -> None:
    """The position shrinks, and the venue takes the newest stop off: what is missing is laid anew, nothing closes."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", venue=name)
        stage.move("ETH", 10)
        await stage.open_trade("ETH", venue=name)
        venue.core.algos.trims = True
        if by == "target":
            stage.move("ETH", 17)
        else:
            venue.trade_by_hand("ETH", "sell", 0.005)
        await stage.until(lambda: agreed(stage, venue))
        assert len(stage.engine.book.trades) == 2
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        venue.core.algos.trims = False
        await stage.flat()
