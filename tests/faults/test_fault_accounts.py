"""Rows 19, 20, 29 to 33, 36 and 44: what is wrong with the account itself, or with who else uses it."""

import asyncio
import logging
from pathlib import Path

import pytest

from cockpit.domain.commands import Arm, Signal
from cockpit.domain.kinds import EngineState, ExitReason, Mode
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.execution.accounts import PaperSignsNothing, accounts_of
from cockpit.paper.venue import PaperVenue
from tests import venue_pairs
from tests.execution.account_stage import keys_of
from tests.faults.stage import ARBITRAGE, Stage, staged
from tests.faults.world import real_config, world
from tests.loopback.matching_terms import OrderAsked, d
from tests.loopback.trading_faults import banned
from tests.loopback.trading_venue import KEY, PASSWORD, SECRET

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")
TAKEN = {"by hand": "closed outside", "liquidated": "liquidation", "deleveraged": "auto-deleveraging"}


async def refused(stage: Stage, number: int) -> bool:
    """Arming is refused in the words that the matrix promises, and nothing is sent."""
    answer = await stage.arm()
    sent = [call for venue in stage.world.venues.values() for call in venue.called("entry", "setup")]
    changed = [call.path for call in sent if call.method == "POST" and call.path != "/info"]  # Hyperliquid's questions
    said = stage.rows("select sentence from operator_actions where command = 'arm' and not ok")
    return not answer.ok and not stage.missed(number) and not changed and said == [(answer.sentence,)]


@pytest.mark.not_at("it holds one side alone", "hyperliquid", "coinbase", "coinbase-spot", "krakenfutures")
@pytest.mark.parametrize("name", VENUES)
async def test_19_a_hedged_account_is_not_armed(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, ready=False) as stage:
        stage.world.venues[name].core.hedge_mode = True
        await stage.read()
        assert await refused(stage, 19)


@pytest.mark.not_at("leverage is set by the venue, for all alike, or there is none", "coinbase", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_20_leverage_and_margin_mode_are_compared_and_never_touched(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, ready=False) as stage:
        core = stage.world.venues[name].core
        core.leverage = dict.fromkeys(core.rules, 20)
        await stage.read()
        assert await refused(stage, 20)
        assert set(core.leverage.values()) == {20}


@pytest.mark.parametrize("by_ms", [-12_000, 12_000])
async def test_29_an_exit_is_signed_with_the_venues_clock(tmp_path: Path, by_ms: int) -> None:
    async with staged(tmp_path) as stage:
        trade = await stage.open_trade("ETH", venue="binance")
        stage.binance.clock_skew_ms = by_ms
        stage.move("ETH", 27)
        await stage.until(lambda: stage.trade(trade.trade_id).stop_at_entry)
        await stage.until(lambda: stage.trade(trade.trade_id).stop_rests_on_venue)
        await stage.flat()
        assert stage.binance.watch.longest_naked_s() == 0.0


@pytest.mark.parametrize("name", VENUES)
async def test_29_a_clock_that_is_off_is_not_armed(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, ready=False) as stage:
        stage.world.venues[name].clock_skew_ms = 12_000
        await stage.read()
        assert await refused(stage, 29)


async def test_30_the_last_of_the_allowance_is_kept_for_exits(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.binance
        trade = await stage.open_trade("ETH", venue="binance")
        venue.use_weight(1_700)
        await stage.until(lambda: _share(stage) > stage.config.execution.entry_weight_share)
        denied = await stage.enter("SOL", venue="binance")
        await stage.until(lambda: stage.closed(denied))
        assert len(venue.called("entry")) == 1, "the second one never left"
        assert not stage.missed(30)
        await stage.flat()
        assert stage.trade(trade.trade_id).exit_reason is ExitReason.FLATTEN


def _share(stage: Stage) -> float:
    assert stage.host.gate is not None and stage.host.gate.live_venues is not None
    return stage.host.gate.live_venues.accounts["binance"].used_weight_share() or 0.0


@pytest.mark.parametrize("name", VENUES)
async def test_30_after_a_ban_it_gets_out(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", venue=name)
        ban = venue.faults.add(banned(20), times=None)
        began_s = stage.world.loop.time()
        await stage.flatten()
        stage.world.loop.call_later(20.0, venue.faults.remove, ban)
        await stage.until(lambda: stage.state is EngineState.HALTED, 120)
        assert stage.is_bare(venue)
        assert stage.world.loop.time() - began_s < 60
        asked = [call for call in venue.calls if call.role not in ("public", "time")]
        assert venue.watch.longest_naked_s() == 0.0 and asked


@pytest.mark.not_at("nobody signs its reads: a lost key shows with the next action", "hyperliquid")
@pytest.mark.parametrize("name", VENUES)
async def test_31_lost_keys_halt_and_exits_go_on_being_tried(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", venue=name)
        venue.key_revoked = True
        await stage.until(lambda: stage.state is EngineState.HALTED)
        assert not stage.missed(31)
        assert not (await stage.signal("SOL", venue=name)).ok and not (await stage.arm()).ok
        assert venue.algo_orders, "the stop rests on"
        await stage.flatten()
        tried = len(venue.called("positions"))
        await stage.until(lambda: len(venue.called("positions")) > tried + 2)
        venue.key_revoked = False
        await stage.until(lambda: stage.state is EngineState.HALTED, 120)
        assert stage.is_bare(venue)
        assert stage.rows("select count(*) from states where after = 'halted'")[0][0] >= 1


async def test_31_a_revoked_agent_is_known_within_a_minute(tmp_path: Path) -> None:
    """Where reads are not signed: nobody has to act for it, and what is read does not say that the key is good."""
    venue_pairs.choose(venue_pairs.WITH_HYPERLIQUID)
    async with staged(tmp_path) as stage:
        venue = stage.world.venues["hyperliquid"]
        await stage.open_trade("ETH", venue="hyperliquid")
        signed = len(venue.called("entry", "stop", "target", "close", "cancel", "cancel_stop"))
        venue.key_revoked = True
        await stage.until(lambda: stage.state is EngineState.HALTED, 60)
        assert not stage.missed(31) and stage.saw(
            "hyperliquid refuses our keys: … expected an agent's key, was of no account…"
        )
        assert len(venue.called("entry", "stop", "target", "close", "cancel", "cancel_stop")) == signed
        assert not (await stage.signal("SOL", venue="hyperliquid")).ok and not (await stage.arm()).ok
        await asyncio.sleep(30)
        assert not stage.saw("hyperliquid takes our keys again") and venue.algo_orders, "the stop rests on"
        venue.key_revoked = False
        await stage.until(lambda: stage.saw("hyperliquid takes our keys again"), 60)
        await stage.flat()


async def test_the_clock_is_compared_anew_where_no_refusal_says_that_it_moved(tmp_path: Path) -> None:
    venue_pairs.choose(venue_pairs.WITH_HYPERLIQUID)
    async with staged(tmp_path) as stage:
        venue = stage.world.venues["hyperliquid"]
        asked = len(venue.called("time"))
        await asyncio.sleep(60)
        assert len(venue.called("time")) > asked


@pytest.mark.parametrize("how", TAKEN)
@pytest.mark.parametrize("name", VENUES)
async def test_32_a_position_that_somebody_else_closed_ends_its_trade(tmp_path: Path, name: str, how: str) -> None:
    if venue_pairs.is_spot() and how != "by hand":
        pytest.skip("nobody takes coins away: nothing is lent on them")
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        if how == "by hand":
            venue.trade_by_hand("ETH", "sell", trade.open_qty)
        elif how == "liquidated":
            venue.liquidate("ETH")
        else:
            venue.deleverage("ETH")
        await stage.until(lambda: stage.closed(trade.trade_id), 10)
        assert stage.trade(trade.trade_id).exit_reason is ExitReason.OUTSIDE
        await stage.until(lambda: stage.is_bare(venue), 10)
        # Coinbase's kind of order is one for both.
        named = TAKEN["liquidated" if (name, how) == ("coinbase", "deleveraged") else how]
        assert not stage.missed(32) and stage.saw(f"{trade.trade_id}: {named}: {trade.open_qty:g} ETH")
        assert stage.rows("select exit_reason from trades") == [("outside",)]


@pytest.mark.not_at("coins of others are no position: none of them is sold, nor in the way", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_32_a_position_that_somebody_else_opened_is_never_traded_past(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.trade_by_hand("ETH", "buy", 0.02)
        await stage.until(lambda: stage.saw(f"{name} ETH: holds +0.02 ETH, our own orders add up to +0"))
        answer = await stage.signal("ETH", venue=name)
        assert not answer.ok and "0.02 ETH" in answer.sentence
        assert (await stage.signal("SOL", venue=name)).ok, "elsewhere it trades on"
        venue.trade_by_hand("ETH", "sell", 0.02)
        await stage.until(lambda: stage.saw(f"{name} ETH: only ours again"))
        await stage.flat()


async def test_33_paper_sends_nothing_to_anybody() -> None:
    """A paper session with venues that listen and keys that work: a trade from its entry to its flatten."""
    config = real_config()
    async with world() as made:
        with pytest.raises(PaperSignsNothing):
            accounts_of(config, VENUES, Mode.PAPER, None, {})  # type: ignore[arg-type]
        now_ns = made.loop.now_ns()
        engine = Engine(config, now_ns)
        session = Session(engine, PaperVenue(config))
        for event in made.market.everything():
            session.feed(event)
        session.feed(Arm(now_ns, "a", "test"))
        session.feed(Signal(now_ns, "s", "test", ARBITRAGE, "ETH", 45.0, Mode.PAPER))
        assert len(engine.book) == 1
        for venue in made.venues.values():
            assert not venue.calls


@pytest.mark.parametrize("name", VENUES)
async def test_36_another_cockpits_order_halts(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        symbol = venue.symbol("XRP")
        price = stage.world.prices["XRP"] * 0.9
        asked = OrderAsked(symbol, "buy", "limit", d(10), client_id="ckzzzzzzt000001e1", price=d(round(price, 3)))
        venue.core.place(asked)
        await stage.until(lambda: stage.state is EngineState.HALTED)
        assert not stage.missed(36)
        assert venue.open_orders, "nobody's orders are touched"
        assert not (await stage.signal("ETH", venue=name)).ok
        assert stage.rows("select count(*) from states where after = 'halted'") == [(1,)]
        await stage.flatten()
        await stage.until(lambda: stage.is_bare(venue))


async def test_44_no_key_is_written_anywhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A session with every kind of trouble, everything logged: the keys are in no line, no row and no file."""
    with caplog.at_level(logging.DEBUG):
        async with staged(tmp_path) as stage:
            for name, venue in stage.world.venues.items():
                venue.clock_skew_ms = 0 if name == "hyperliquid" else 12_000  # what is late there is void, not refused
            await stage.open_trade("ETH", venue="binance")
            await stage.open_trade("SOL", venue=venue_pairs.second())
            for venue in stage.world.venues.values():
                venue.key_revoked = True
            await stage.until(lambda: stage.state is EngineState.HALTED)
            for venue in stage.world.venues.values():
                venue.key_revoked = False
            await stage.flat(120)
            written = [caplog.text, *stage.screen.lines, repr(stage.host.gate), repr(stage.world.accounts)]
    lines = [line for name in stage.world.venues for line in keys_of(name).secret.get_secret_value().splitlines()]
    for secret in (KEY, SECRET, PASSWORD, *(line for line in lines if "-----" not in line)):
        assert not [text for text in written if secret in text]
        for path in tmp_path.rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes(), path.name
