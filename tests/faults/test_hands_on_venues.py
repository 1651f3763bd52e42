"""Hands keep one contract on paper and on the loopback exchanges, behind the real client library."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cockpit.domain.commands import Adopt, CloseTrade
from cockpit.domain.kinds import TradePhase
from tests import venue_pairs
from tests.engine.scenario import Scenario, config_with
from tests.faults.hands_contract import CONTRACT, HandsStage, PaperHands, RealHands
from tests.faults.stage import staged

Rule = Callable[[HandsStage], Awaitable[None]]


def on(name: str) -> None:
    """A world that has this venue: in the usual one Binance and OKX stand, elsewhere it is the second."""
    venue_pairs.choose(name if name in venue_pairs.PAIRS else venue_pairs.FIRST)


NAMES = ("binance", "okx", "bybit", "krakenfutures", "hyperliquid", "coinbase")
RULES = pytest.mark.parametrize("rule", CONTRACT, ids=lambda rule: rule.__name__)


@RULES
async def test_on_paper(rule: Rule) -> None:
    await rule(PaperHands(Scenario(config_with())))


@RULES
@pytest.mark.parametrize("name", NAMES)
async def test_on_a_real_venue(tmp_path: Path, name: str, rule: Rule) -> None:
    on(name)
    async with staged(tmp_path) as stage:
        await rule(RealHands(stage, name))
        await stage.flat()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("policy", ["flag", "protect"])
async def test_a_position_that_is_not_ours_is_adopted(tmp_path: Path, name: str, policy: str) -> None:
    on(name)
    protects = (f"execution.foreign_positions={policy}", "execution.foreign_stop_bps=200")
    async with staged(tmp_path, *protects) as stage:
        venue = stage.world.venues[name]
        venue.trade_by_hand("ETH", "buy", 0.02)
        await stage.until(lambda: bool(stage.engine.foreign.held))
        answer = await stage.command(lambda now_ns, command_id: Adopt(now_ns, command_id, "test", name, "ETH"))
        assert answer.ok and answer.trade_id is not None, answer.sentence
        trade_id = answer.trade_id
        await stage.until(lambda: stage.trade(trade_id).stop_rests_on_venue)
        await stage.until(lambda: len(venue.algo_orders) == 1 and len(venue.open_orders) >= 1)
        assert venue.algo_orders[0].client_id[8:9] != "g", "our own stop is the one that is left"
        await stage.until(lambda: not stage.engine.risk.venue_notices.in_the_way)
        await stage.until(lambda: stage.engine.book.unexplained(name, "ETH") is None)
        assert stage.engine.foreign.held == ()
        await stage.restart()
        await stage.read()
        assert stage.engine.book.find(trade_id) is not None
        closed = await stage.command(lambda now_ns, command_id: CloseTrade(now_ns, command_id, "test", trade_id))
        assert closed.ok
        await stage.until(lambda: stage.trade(trade_id).phase is TradePhase.CLOSED)
        await stage.until(lambda: stage.is_bare(venue))
        await stage.flat()
