"""What a start looks at first: stops that went while no engine ran, and what was not seen since."""

import asyncio
from pathlib import Path

import pytest

from cockpit.domain.kinds import ExitReason, TradePhase
from tests.faults.stage import Stage, staged
from tests.loopback.trading_faults import hanging, unknown
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")
MOST_BARE_S = 1.0
READS = ("account", "positions", "open_orders", "open_stops", "lookup", "lookup_stop", "history")
"""Not the public lists: they are asked for in threads, for which time stands."""


def covered(stage: Stage, venue: TradingVenue, trade_id: str) -> bool:
    trade, held = stage.trade(trade_id), abs(venue.held("ETH"))
    sizes = [float((algo.asked.qty or 0) * venue.core.rules[algo.asked.symbol].unit) for algo in venue.algo_orders]
    return trade.stop_rests_on_venue and sizes == [pytest.approx(held)] and trade.open_qty == pytest.approx(held)


def take_stops_off(venue: TradingVenue) -> None:
    """Somebody cancels them, in the venue's own app."""
    for algo in venue.algo_orders:
        venue.core.algos.cancel(algo)


@pytest.mark.every_venue
@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("name", VENUES)
async def test_a_stop_that_went_while_no_engine_ran_is_laid_anew_at_once(
    tmp_path: Path, name: str, elsewhere: bool
) -> None:
    """Also where another perpetual's position is not clear yet."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        if elsewhere:
            await stage.open_trade("SOL", venue=name)
        stage.kill_now()
        take_stops_off(venue)
        if elsewhere:
            venue.faults.add(unknown(), roles={"history"}, times=None)
            venue.trade_by_hand("SOL", "sell", abs(venue.held("SOL")))
        await stage.bury()
        await asyncio.sleep(5)
        before = len(venue.calls)
        began_s = stage.world.loop.time()
        await stage.begin()
        await stage.until(lambda: any(call.role == "positions" for call in venue.calls[before:]))
        reachable_s = stage.world.loop.time()
        await stage.until(lambda: bool(stage.engine.book.trades) and covered(stage, venue, trade.trade_id))
        assert stage.world.loop.time() - reachable_s <= MOST_BARE_S, began_s
        assert stage.trade(trade.trade_id).phase is TradePhase.OPEN
        venue.faults.clear()
        await stage.read()
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_a_stop_that_nobody_has_seen_since_is_not_said_to_rest(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        stage.kill_now()
        await stage.bury()
        away = venue.faults.add(hanging(0.1, executes=False), roles=READS, times=None)
        away2 = venue.faults.add(unknown(executes=False), times=None)
        await stage.begin()
        await asyncio.sleep(10)
        record = next(life.record for life in stage.engine.book.trades)
        assert record.stop_unseen and not record.stop_rests_on_venue
        assert stage.saw("… NOT SEEN YET")
        venue.faults.remove(away)
        venue.faults.remove(away2)
        await stage.until(lambda: covered(stage, venue, trade.trade_id))
        assert not stage.trade(trade.trade_id).stop_unseen
        assert venue.watch.longest_naked_s() == 0.0
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_a_target_and_then_the_stop_while_no_engine_ran_are_named_by_what_filled(
    tmp_path: Path, name: str
) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        stage.kill_now()
        stage.move("ETH", 27)
        stage.move("ETH", -90)
        assert not venue.positions
        await stage.bury()
        await stage.begin()
        await stage.until(lambda: not stage.engine.book.trades)
        await stage.read()
        reasons = stage.rows("select exit_reason from trades")
        assert reasons == [(ExitReason.STOP.value,)], trade
        await stage.until(lambda: stage.is_bare(venue))


@pytest.mark.not_at("a stop is asked about by preview: none is laid", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_a_probe_that_a_kill_left_is_swept(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, ready=False) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(hanging(0.5), roles={"stop"})
        await stage.read()
        assert stage.host.gate is not None
        asking = asyncio.ensure_future(stage.host.gate.items())
        await stage.until(lambda: bool(venue.algo_orders))
        stage.kill_now()
        asking.cancel()
        await stage.bury()
        await stage.begin()
        await stage.until(lambda: not venue.algo_orders, 20.0)
        assert not stage.saw("… orders that are not ours…")
        assert stage.saw("… was left by a probe of a process that was killed: cancelled")


NOT_SET = {
    ("okx", "margin"): "an order says its margin mode itself there",
    ("coinbase", "margin"): "there is one margin for all there",
    ("coinbase", "leverage"): "the venue sets it for all alike there",
}


@pytest.mark.parametrize(
    ("what", "words"), [("leverage", "at most 5, was 50"), ("margin", "isolated margin, was cross")]
)
@pytest.mark.parametrize("name", VENUES)
async def test_leverage_and_margin_mode_are_looked_at_before_each_entry(
    tmp_path: Path, name: str, what: str, words: str
) -> None:
    if (name, what) in NOT_SET:
        pytest.skip(NOT_SET[name, what])
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        if what == "leverage":
            venue.core.leverage[venue.symbol("ETH")] = 50
        else:
            venue.core.isolated = dict.fromkeys(venue.core.isolated, False)
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.closed(trade_id))
        assert not venue.called("entry")
        assert words in stage.trade(trade_id).exit_detail


@pytest.mark.not_at("it settles funding into its cash, without a row for it", "coinbase")
@pytest.mark.not_at("no funding is paid for coins", "coinbase-spot")
@pytest.mark.parametrize("alive", [0, 1, 2])
@pytest.mark.parametrize("dead", [0, 1, 3])
@pytest.mark.parametrize("name", VENUES)
async def test_funding_paid_while_no_engine_ran_is_booked_once_at_its_time(
    tmp_path: Path, name: str, alive: int, dead: int
) -> None:
    """However little a payment is: the books' sum is the venue's, payment by payment."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        paid = []
        for rate in range(1, alive + 1):
            paid.append(float(venue.pay_funding("ETH", rate / 10_000)))
            await stage.until(lambda: stage.trade(trade.trade_id).funding_usd == pytest.approx(sum(paid)), 90.0)
        assert stage.host.journal.flush(10.0)
        stage.kill_now()
        await stage.bury()
        for rate in range(1, dead + 1):
            await asyncio.sleep(7)
            paid.append(float(venue.pay_funding("ETH", rate / 20_000)))
        stamps = [one.ts_ms for one in venue.core.income if one.kind == "FUNDING_FEE"]
        await asyncio.sleep(7)
        await stage.begin()
        await stage.read()
        await stage.until(lambda: stage.engine.book.trades[0].record.funding_usd == pytest.approx(sum(paid)), 90.0)
        await asyncio.sleep(130)
        (life,) = stage.engine.book.trades
        assert life.record.funding_usd == pytest.approx(sum(paid)), "and never again"
        assert life.record.funding_until_ns == pytest.approx(stamps[-1] * 1_000_000 if stamps else 0, abs=1_000_000_000)
        await stage.flat()
