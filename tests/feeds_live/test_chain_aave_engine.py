"""The rule end to end: Aave's real contracts, web3 in between, the real engine and paper venue behind.

WETH falls on the chain; under 2.20 no entry passes, under 2.00 confirmed everything is closed and the engine halts.
"""

import json
from collections.abc import AsyncIterator

import pytest

from cockpit.domain.events import AnyEvent
from cockpit.domain.kinds import EngineState, ExitReason
from cockpit.domain.units import NS_PER_S
from cockpit.engine.views import snapshot
from tests.engine.scenario import NOON_NS, Scenario, config_with
from tests.feeds_live.aave_rig import AaveRig
from tests.loopback.aave_market import AaveMarketOnAnvil
from tests.loopback.anvil import Anvil
from tests.loopback.site import Reply

NOON_S = NOON_NS // NS_PER_S


class Watched:
    """A scenario whose health factor comes from the chain; the chain's clock is the engine's."""

    def __init__(self, rig: AaveRig, scene: Scenario) -> None:
        self.rig = rig
        self.scene = scene

    async def _put(self, source: str, event: AnyEvent) -> None:
        self.scene.feed(event)

    async def weth_at(self, usd: float) -> None:
        """Half a minute later the oracle says so, and the feed looks."""
        self.scene.wait_s(30)
        now_s = self.scene.now_ns // NS_PER_S
        self.rig.time.at(now_s)
        self.rig.market.price_weth(usd, now_s - 12, now_s)
        await self.rig.feed.round(self._put)

    def refusal(self) -> str:
        answer = self.scene.signal()
        return "" if answer.ok else answer.sentence


@pytest.fixture(params=[1, 2], ids=["one RPC", "two RPCs"])
async def watched(
    request: pytest.FixtureRequest, anvil: Anvil, aave_market: AaveMarketOnAnvil
) -> AsyncIterator[Watched]:
    own = {
        "chain_id": aave_market.chain_id,
        "addresses_provider": aave_market.addresses_provider,
        "pool": aave_market.pool,
        "head_max_age_s": 60,
    }
    config = config_with(f"aave.address={json.dumps(aave_market.borrower)}", f"aave.market={json.dumps(own)}")
    anvil.mine_at(NOON_S - 1)
    async with AaveRig(config, anvil, aave_market, rpcs=request.param) as rig:
        watched = Watched(rig, Scenario(config))
        await watched.weth_at(3_000)
        yield watched


async def test_entries_pass_at_2_20_and_stop_under_it(watched: Watched) -> None:
    assert watched.scene.open_trade().stop_rests_on_venue
    await watched.weth_at(2_640)
    assert watched.refusal() == ""
    await watched.weth_at(2_639)
    refusal = watched.refusal()
    assert refusal.startswith("health factor 2.199") and refusal.endswith("under 2.20: no entries")
    assert watched.scene.state is EngineState.ARMED
    await watched.weth_at(2_900)
    assert watched.refusal() == ""


async def test_under_2_confirmed_everything_is_closed_and_the_engine_halts(watched: Watched) -> None:
    trade = watched.scene.open_trade()
    await watched.weth_at(2_400)
    assert watched.scene.settled(trade).open_qty == trade.open_qty
    await watched.weth_at(2_399)
    if len(watched.rig.proxies) == 1:
        assert watched.scene.state is EngineState.ARMED, "one reading of one RPC confirms nothing"
        await watched.weth_at(2_398)
    assert watched.scene.settled(trade).exit_reason is ExitReason.FLATTEN
    assert watched.scene.position() == 0.0
    assert watched.scene.states[-2:] == [EngineState.FLATTENING, EngineState.HALTED]
    halt = watched.scene.account.halt
    assert halt is not None and "under 2.00, confirmed by" in halt.sentence
    await watched.weth_at(3_000)
    assert watched.scene.state is EngineState.HALTED


async def test_the_same_block_twice_confirms_nothing_but_a_second_rpc_does(watched: Watched) -> None:
    await watched.weth_at(2_399)
    await watched.rig.feed.round(watched._put)
    confirmed = len(watched.rig.proxies) == 2
    assert (watched.scene.account.halt is not None) is confirmed


async def test_dead_rpcs_stand_the_engine_down_when_the_reading_is_too_old(watched: Watched) -> None:
    for proxy in watched.rig.proxies:
        proxy.fault = Reply(fault="abort")
    for _ in range(9):
        await watched.weth_at(3_000)
    assert watched.scene.state is EngineState.ARMED
    await watched.weth_at(3_000)
    assert watched.scene.state is EngineState.STANDING_DOWN
    [cause] = snapshot(watched.scene.engine).stand_downs
    assert cause.sentence.startswith("no Aave health factor (")
    assert ") for 312 s, limit 300 s" in cause.sentence
    detail = snapshot(watched.scene.engine).health.detail
    assert "unknown:" in detail and "no connection (ServerDisconnectedError)" in detail
    for proxy in watched.rig.proxies:
        proxy.fault = None
    for _ in range(4):
        await watched.weth_at(3_000)
    assert watched.scene.state is EngineState.ARMED


async def test_an_oracle_without_a_price_closes_nothing_and_opens_nothing_for_long(watched: Watched) -> None:
    trade = watched.scene.open_trade()
    for _ in range(11):
        await watched.weth_at(0)
    assert watched.scene.state is EngineState.STANDING_DOWN
    assert watched.scene.settled(trade).open_qty == trade.open_qty
    assert watched.refusal() != ""


async def test_the_screen_sees_collateral_debt_and_how_far_weth_may_fall(watched: Watched) -> None:
    await watched.weth_at(3_000)
    health = snapshot(watched.scene.engine).health
    assert (health.value, health.collateral_usd, health.debt_usd) == (2.5, 30_000.0, 9_960.0)
    falls = {drop.symbol: drop.moves for drop in health.drops}
    assert dict(falls["WETH"]) == pytest.approx({2.2: -12.0, 2.0: -20.0, 1.0: -60.0})
    assert dict(falls["USDC"])[2.0] == pytest.approx(25.0)
