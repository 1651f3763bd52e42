"""Positions that are not ours: named and shown, guarded where the config asks for it, touched by no exit of ours."""

import asyncio
from pathlib import Path

import pytest

from cockpit.commands.status import foreign_line
from cockpit.domain.kinds import EngineState, TradePhase
from cockpit.domain.snapshot import ForeignPositionView
from cockpit.engine.views import snapshot
from cockpit.tui.flatten import at_stake
from tests.faults.stage import Stage, staged
from tests.faults.venue_terms import MALFORMED
from tests.loopback.matching_terms import Algo
from tests.loopback.okx_bodies import OTHER_MODE
from tests.loopback.trading_faults import Fault, dropped_after, empty, hanging, rejected, too_many
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True
pytestmark = pytest.mark.not_at("coins of others are no position: they are named, and left", "coinbase-spot")

VENUES = ("binance", "okx")
SIDES = pytest.mark.parametrize("side", ["buy", "sell"])
PROTECT = ("execution.foreign_positions=protect", "execution.foreign_stop_bps=200")
MOST_BARE_S = 1.0
"""From the hand's execution to the stop, though a difference counts only once two looks have shown it."""
REREAD_AFTER_S = 2.0


def protections(venue: TradingVenue, symbol: str = "") -> list[Algo]:
    """The stops that are not of a trade."""
    found = [algo for algo in venue.algo_orders if algo.client_id[8:9] == "g"]
    return [algo for algo in found if symbol in ("", algo.asked.symbol)]


def covers(venue: TradingVenue, asset: str = "ETH") -> bool:
    return venue.watch.covered(venue.symbol(asset))


def foreign(stage: Stage) -> tuple[ForeignPositionView, ...]:
    return snapshot(stage.engine).foreign_positions


@SIDES
@pytest.mark.parametrize("name", VENUES)
async def test_flagged_it_is_shown_without_a_bound_and_counts_for_nothing(tmp_path: Path, name: str, side: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        assert stage.saw(f"{name}: foreign positions: flag…")
        exposure_usd = snapshot(stage.engine).exposure_usd
        venue.trade_by_hand("ETH", side, 0.05)
        await stage.until(lambda: bool(foreign(stage)))
        (held,) = foreign(stage)
        assert held.qty == pytest.approx(0.05 if side == "buy" else -0.05)
        assert (held.stop_price, held.loss_at_stop_usd, held.policy) == (None, None, "flag")
        assert "no stop: its loss has no bound" in foreign_line(held)
        assert f"and what is not ours: {held.qty:+g} ETH on {name}" in at_stake(snapshot(stage.engine))
        assert snapshot(stage.engine).exposure_usd == exposure_usd
        assert not venue.algo_orders
        assert (await stage.signal("SOL", venue=name)).ok, "elsewhere trading goes on"
        await stage.flat()
        await stage.until(lambda: not foreign(stage))
        await stage.read()
        assert not stage.saw("… gone from …"), "the flatten's own close is nobody else's doing"
        assert not stage.saw("fill … which is not ours…")


@SIDES
@pytest.mark.parametrize("name", VENUES)
async def test_protected_a_stop_rests_for_it_and_follows_its_size(tmp_path: Path, name: str, side: str) -> None:
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        assert stage.saw(f"{name}: foreign positions: protect, a stop rests 200 bps away for each")
        venue.trade_by_hand("ETH", side, 0.05)
        await stage.until(lambda: covers(venue) and bool(foreign(stage)) and foreign(stage)[0].stop_price is not None)
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        (held,) = foreign(stage)
        sign = 1 if side == "buy" else -1
        assert held.stop_price == pytest.approx(4_000 * (1 - sign * 0.02), rel=1e-3)
        assert held.loss_at_stop_usd == pytest.approx(0.05 * 80, rel=0.02)
        assert "at risk (protect)" in foreign_line(held)
        venue.trade_by_hand("ETH", side, 0.02)
        await stage.until(lambda: covers(venue) and len(protections(venue)) == 1)
        venue.trade_by_hand("ETH", "sell" if side == "buy" else "buy", 0.03)
        size = pytest.approx(float(venue.units("ETH", 0.04)))
        await stage.until(lambda: [float(stop.asked.qty or 0) for stop in protections(venue)] == [size])
        venue.trade_by_hand("ETH", "sell" if side == "buy" else "buy", 0.04)
        await stage.until(lambda: not foreign(stage))
        await stage.until(lambda: not protections(venue), 120.0)
        await stage.read()


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("name", VENUES)
async def test_added_to_by_hand_ours_and_the_rest_are_covered(tmp_path: Path, name: str, restart: bool) -> None:
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        if restart:
            stage.kill_now()
            await stage.bury()
            venue.trade_by_hand("ETH", "buy", 0.02)
            await asyncio.sleep(2)
            began_s = stage.world.loop.time()
            await stage.begin()
        else:
            began_s = stage.world.loop.time()
            venue.trade_by_hand("ETH", "buy", 0.02)
        await stage.until(lambda: covers(venue))
        assert stage.world.loop.time() - began_s <= MOST_BARE_S
        await stage.until(lambda: bool(foreign(stage)))
        assert foreign(stage)[0].qty == pytest.approx(0.02)
        stage.move("ETH", -60)
        await stage.until(lambda: stage.closed(trade.trade_id))
        assert venue.held("ETH") == pytest.approx(0.02), "the stop of ours took what is ours"
        await stage.until(lambda: covers(venue))
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_an_execution_that_was_told_and_one_look_are_two_witnesses(tmp_path: Path, name: str) -> None:
    """The second look takes three seconds: the stop does not wait for it."""
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", venue=name)
        await stage.read()
        looks = 0

        def later_lists_hang(role: str) -> Fault | None:
            nonlocal looks
            looks += role == "positions"
            return hanging(3.0) if role == "positions" and looks > 1 else None

        venue.faults.policy = later_lists_hang
        venue.trade_by_hand("ETH", "buy", 0.02)
        await stage.until(lambda: covers(venue))
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        venue.faults.policy = lambda role: None
        await stage.flat()


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("name", VENUES)
async def test_no_exit_of_ours_is_asked_for_before_more_than_ours_is_guarded(
    tmp_path: Path, name: str, is_cut: bool
) -> None:
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        for _ in range(2):
            await stage.open_trade("SOL", venue=name)
        await stage.read()
        asked = len(venue.called("lookup", "lookup_stop"))
        if is_cut:
            venue.user_stream.kill()
        venue.trade_by_hand("SOL", "buy", venue.held("SOL"))
        await stage.until(lambda: covers(venue, "SOL"))
        assert len(venue.called("lookup", "lookup_stop")) == asked
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_flipped_by_hand_it_is_flagged_and_covered(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        venue.trade_by_hand("ETH", "sell", 0.03)
        venue.watch.flips.clear()
        await stage.until(lambda: stage.closed(trade.trade_id) and covers(venue))
        await stage.until(lambda: bool(foreign(stage)))
        assert foreign(stage)[0].qty == pytest.approx(trade.open_qty - 0.03)
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_its_stop_that_fills_is_not_ours(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        venue.trade_by_hand("ETH", "buy", 0.05)
        await stage.until(lambda: covers(venue))
        stage.move("ETH", -250)
        assert not venue.positions
        await stage.until(lambda: not foreign(stage))
        await stage.read()
        assert stage.rows("select count(*) from trades") == [(0,)]


@pytest.mark.parametrize("name", VENUES)
async def test_one_that_the_venue_hides_keeps_its_stop(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        venue.trade_by_hand("ETH", "buy", 0.05)
        await stage.until(lambda: covers(venue))
        hides = venue.faults.add(empty(), roles={"positions"}, times=None)
        await asyncio.sleep(12)
        assert covers(venue)
        venue.faults.remove(hides)
        await asyncio.sleep(5)
        assert covers(venue) and len(protections(venue)) == 1
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_an_answer_that_is_lost_leaves_one_stop(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(dropped_after(), roles={"stop"})
        venue.trade_by_hand("ETH", "buy", 0.05)
        await stage.until(lambda: bool(foreign(stage)) and foreign(stage)[0].stop_price is not None)
        await asyncio.sleep(15)
        assert len(protections(venue)) == 1 and covers(venue)
        await stage.restart()
        await asyncio.sleep(6)
        assert len(protections(venue)) == 1 and covers(venue), "known by its id after a restart"
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_one_that_was_not_carried_out_is_laid_at_the_next_look(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(too_many(retry_after_s=1), roles={"stop"})
        venue.trade_by_hand("ETH", "buy", 0.05)
        await stage.until(lambda: covers(venue))
        assert venue.watch.longest_naked_s() <= MOST_BARE_S + REREAD_AFTER_S
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_a_venue_that_takes_stops_again_has_one_within_the_second(tmp_path: Path, name: str) -> None:
    """Refused for six seconds: a pause that grows with each refusal would outlast the reason."""
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        refuses = venue.faults.add(rejected(MALFORMED[name]), roles={"stop"}, times=None)
        venue.trade_by_hand("ETH", "buy", 0.05)
        await stage.until(lambda: stage.saw("no stop for … which is not ours: …"))
        await asyncio.sleep(6.0)
        venue.faults.remove(refuses)
        taken_again_s = stage.world.loop.time()
        await stage.until(lambda: covers(venue))
        assert stage.world.loop.time() - taken_again_s <= MOST_BARE_S
        await stage.flat()


@pytest.mark.parametrize("lists_late", [False, True])
@pytest.mark.parametrize("name", VENUES)
async def test_one_that_somebody_lifts_just_after_it_was_laid_is_laid_again(
    tmp_path: Path, name: str, lists_late: bool
) -> None:
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        if lists_late:
            venue.faults.add(empty(), roles={"open_stops"}, times=None)
        venue.trade_by_hand("ETH", "buy", 0.05)
        await stage.until(lambda: bool(foreign(stage)) and foreign(stage)[0].stop_price is not None)
        (stop,) = protections(venue)
        lifted_s = stage.world.loop.time()
        venue.core.algos.cancel(stop)
        await stage.until(lambda: covers(venue))
        assert stage.world.loop.time() - lifted_s <= 1.0
        venue.faults.clear()
        await stage.until(lambda: len(protections(venue)) == 1 and covers(venue))
        await stage.flat()


@pytest.mark.not_at("only OKX holds one perpetual in two margin modes at once")
@SIDES
async def test_in_another_margin_mode_it_is_guarded_there(tmp_path: Path, side: str) -> None:
    async with staged(tmp_path, *PROTECT) as stage:
        okx = stage.okx
        other = f"{okx.symbol('ETH')}{OTHER_MODE}"
        trade = await stage.open_trade("ETH", venue="okx")
        okx.trade_in_other_mode("ETH", side, 0.05)
        await stage.until(lambda: okx.watch.covered(other))
        assert len(protections(okx, other)) == 1
        await stage.until(lambda: bool(foreign(stage)) and foreign(stage)[0].stop_price is not None)
        assert (foreign(stage)[0].margin_mode, foreign(stage)[0].position_side) == ("cross", "net")
        await asyncio.sleep(5)
        assert stage.trade(trade.trade_id).phase is TradePhase.OPEN
        assert okx.watch.longest_naked_s(okx.symbol("ETH")) == 0.0
        await stage.flat()


@pytest.mark.parametrize("hidden_s", [8.0, 12.0])
@pytest.mark.parametrize("name", VENUES)
async def test_a_flatten_is_not_done_while_one_is_hidden(tmp_path: Path, name: str, hidden_s: float) -> None:
    """It was listed, and nothing explains that it is not any more: FLAT is not said before it is seen and closed."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.trade_by_hand("ETH", "buy", 0.05)
        await stage.until(lambda: bool(foreign(stage)))
        hides = venue.faults.add(empty(), roles={"positions"}, times=None)
        await stage.flatten()
        await asyncio.sleep(hidden_s)
        assert stage.state is EngineState.FLATTENING
        assert stage.saw("… no execution explains that it is gone")
        venue.faults.remove(hides)
        await stage.until(lambda: stage.state is EngineState.HALTED)
        assert stage.is_bare(venue)
        await stage.until(lambda: not foreign(stage))


@pytest.mark.parametrize("name", VENUES)
async def test_one_that_is_hidden_keeps_entries_away(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.trade_by_hand("ETH", "buy", 0.05)
        await stage.until(lambda: bool(foreign(stage)))
        venue.faults.add(empty(), roles={"positions"}, times=None)
        await asyncio.sleep(12)
        assert not (await stage.signal("ETH", venue=name)).ok
        venue.faults.clear()
        await stage.flat()
