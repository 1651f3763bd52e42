"""Band updates: proposed out of clusters, accepted by their id, traded from then on, the config's again tomorrow."""

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.account import EngineMemory
from cockpit.domain.actions import CommandAnswered, MemoryChanged
from cockpit.domain.bands import BandProposal
from cockpit.domain.commands import AcceptBands, Restore
from cockpit.domain.events import Liquidation, LiquidationCluster, LiquidationMap
from cockpit.domain.kinds import SetupPhase
from cockpit.domain.snapshot import AssetView
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.engine.views import snapshot
from tests.engine.scenario import NOON_NS, Scenario, restore_of

LOWER, UPPER = "btc_lower_band_long", "btc_upper_band_short"
OLD = "lower 106,600-106,800 105,100-105,100 103,500-103,500, upper 109,700-110,000 111,000-111,000 112,500-112,500"
NEW_LOWER, NEW_UPPER = (107_500.0, 107_700.0), (109_200.0, 109_300.0)
NEW = "lower 107,500-107,700, upper 109,200-109,300"


def mapped(scene: Scenario, *, lower: float = 107_500.0) -> None:
    """A new liquidation map, and time enough for the engine to look at it."""
    clusters = (
        LiquidationCluster(lower, lower + 200.0, 6e6, "estimated", 0, True),
        LiquidationCluster(*NEW_UPPER, 4e6, "estimated", 0, False),
    )
    scene.feed(LiquidationMap(scene.now_ns, "BTC", "binance", clusters, 35.0))
    scene.wait_s(61)


def btc(scene: Scenario) -> AssetView:
    return next(asset for asset in snapshot(scene.engine).assets if asset.asset == "BTC")


def proposal(scene: Scenario) -> BandProposal:
    found = btc(scene).proposed_bands
    assert found is not None
    return found


def accept(scene: Scenario, proposal_id: str | None = None, asset: str = "BTC") -> CommandAnswered:
    return scene.command(AcceptBands, asset=asset, proposal_id=proposal_id or proposal(scene).proposal_id)


def waiting_for(scene: Scenario, setup: str) -> str:
    return next(view.waiting_for for view in snapshot(scene.engine).setups if view.name == setup)


def test_a_proposal_is_shown_with_its_numbers_and_changes_nothing(scene: Scenario) -> None:
    assert btc(scene).proposed_bands is None
    mapped(scene)
    seen = proposal(scene)
    assert seen.new_lower == (NEW_LOWER,)
    assert seen.new_upper == (NEW_UPPER,)
    assert seen.lower[0].why == "estimated 6.0M USD of longs: 100% of what is estimated within 3 % below"
    assert seen.explained_pct == 35.0
    assert btc(scene).bands_lower[0] == (106_600, 106_800)
    assert "flush under 106,800.0" in waiting_for(scene, LOWER)


def test_what_is_accepted_is_what_was_seen_and_the_setups_wait_for_it(scene: Scenario) -> None:
    mapped(scene)
    answer = accept(scene)
    assert answer.ok
    assert answer.sentence == f"BTC bands: {NEW} (BTC-20380-1, until the UTC day ends); before: {OLD}"
    assert (btc(scene).bands_lower, btc(scene).bands_upper) == ((NEW_LOWER,), (NEW_UPPER,))
    assert (btc(scene).proposed_bands, btc(scene).bands_accepted_ns) == (None, scene.now_ns)
    assert "flush under 107,700.0" in waiting_for(scene, LOWER)
    assert "wick above 109,200.0" in waiting_for(scene, UPPER)
    scene.move("BTC", 107_650.0)
    assert "print back above 107,700.0" in waiting_for(scene, LOWER)


def test_a_proposal_keeps_its_id_while_it_says_the_same_and_gets_another_when_it_does_not(scene: Scenario) -> None:
    mapped(scene)
    first = proposal(scene).proposal_id
    mapped(scene)
    assert proposal(scene).proposal_id == first
    mapped(scene, lower=107_000.0)
    second = proposal(scene).proposal_id
    assert second != first
    answer = accept(scene, first)
    assert not answer.ok
    assert answer.sentence == f"BTC bands stay: {second} is proposed by now, was {first}: look at it, then accept it"
    assert btc(scene).bands_lower[0] == (106_600, 106_800)


def test_a_proposal_that_says_what_is_in_force_is_gone(scene: Scenario) -> None:
    mapped(scene)
    accepted = proposal(scene).proposal_id
    accept(scene)
    mapped(scene)
    assert btc(scene).proposed_bands is None
    again = accept(scene, accepted)
    assert again.sentence == f"BTC bands stay: expected a proposal to accept, was none any more ({accepted})"


def test_an_unknown_asset_is_refused_with_the_known_ones(scene: Scenario) -> None:
    answer = accept(scene, "DOGE-1-1", "DOGE")
    assert (answer.ok, answer.sentence) == (False, "DOGE bands stay: expected one of BTC, SOL, XRP, ETH, was DOGE")


def test_nothing_is_proposed_on_a_price_that_is_not_alive(scene: Scenario) -> None:
    mapped(scene)
    scene.wait_s(75, fresh=False)
    assert btc(scene).proposed_bands is None


def triggered(scene: Scenario) -> None:
    """A flush under the band and its reclaim: the setup has proposed, its trade is on."""
    scene.funding("BTC", 2.9, -0.7)
    scene.move("BTC", 106_700.0)
    scene.trade("BTC", 106_900.0, buys=True)
    scene.quote("BTC", 106_900.0)
    for _ in range(9):
        scene.wait_s(5)
        scene.trade("BTC", 106_900.0, buys=True)
    assert scene.engine.setups[LOWER].status(scene.now_ns).phase is SetupPhase.TRIGGERED


def test_bands_stay_while_a_trade_rests_on_them(scene: Scenario) -> None:
    triggered(scene)
    mapped(scene, lower=106_000.0)
    answer = accept(scene)
    assert not answer.ok
    assert answer.sentence == f"BTC bands stay: {LOWER} is triggered on them: accept again when its trade is over"
    assert btc(scene).bands_lower[0] == (106_600, 106_800)
    scene.flatten()
    scene.wait_s(2)
    assert accept(scene).ok
    assert btc(scene).bands_lower == ((106_000, 106_200),)


def test_what_happened_is_proposed_too_by_asset(scene: Scenario) -> None:
    for nth in range(5):
        scene.feed(Liquidation(scene.now_ns + nth, scene.now_ns, "binance", "ETH", 3_950.0, 10.0, True))
    scene.wait_s(61)
    eth = next(asset for asset in snapshot(scene.engine).assets if asset.asset == "ETH")
    assert eth.proposed_bands is not None
    [band] = eth.proposed_bands.lower
    assert (band.kind, eth.proposed_bands.explained_pct) == ("observed", None)
    assert "in 5 forced orders" in band.why
    assert accept(scene, eth.proposed_bands.proposal_id, "ETH").ok


def memory(scene: Scenario) -> EngineMemory:
    return scene.seen.of(MemoryChanged)[-1].memory


def restarted(scene: Scenario, config: CockpitConfig, start_ns: int) -> Scenario:
    """A new engine that goes on from what the journal was handed."""
    kept, trades, orders = restore_of(scene)
    after = Scenario(config, start_ns=start_ns, armed=False, calm=False)
    after.feed(Restore(start_ns, "restore", "engine", memory=kept, trades=trades, orders=orders))
    after.calm()
    return after


def test_a_restart_keeps_accepted_bands_for_the_utc_day(scene: Scenario, config: CockpitConfig) -> None:
    mapped(scene)
    accept(scene)
    [kept] = memory(scene).accepted_bands
    assert (kept.asset, kept.lower, kept.upper) == ("BTC", (NEW_LOWER,), (NEW_UPPER,))
    after = restarted(scene, config, scene.now_ns + NS_PER_S)
    assert (btc(after).bands_lower, btc(after).bands_upper) == ((NEW_LOWER,), (NEW_UPPER,))
    assert "flush under 107,700.0" in waiting_for(after, LOWER)
    assert memory(after).accepted_bands == (kept,)
    after.move("BTC", 107_650.0)
    assert "print back above 107,700.0" in waiting_for(after, LOWER), "its fences follow the restored band"


def test_with_the_day_the_configs_bands_are_back(config: CockpitConfig) -> None:
    midnight_ns = (NOON_NS // NS_PER_DAY + 1) * NS_PER_DAY
    scene = Scenario(config, start_ns=midnight_ns - 3_600 * NS_PER_S)
    mapped(scene)
    accept(scene)
    scene.wait_until(midnight_ns - NS_PER_S)
    assert btc(scene).bands_lower == (NEW_LOWER,)
    scene.wait_s(2)
    assert btc(scene).bands_lower[0] == (106_600, 106_800)
    assert scene.notices("info", "bands") == [f"BTC bands are the config's again: {OLD}"]
    assert memory(scene).accepted_bands == ()


def test_a_restart_on_another_day_begins_with_the_configs_bands(scene: Scenario, config: CockpitConfig) -> None:
    mapped(scene)
    accept(scene)
    after = restarted(scene, config, NOON_NS + NS_PER_DAY)
    after.wait_s(1)
    assert btc(after).bands_lower[0] == (106_600, 106_800)


@pytest.mark.parametrize("looks_s", [0, 1, 3])
def test_looking_at_the_screen_changes_no_proposal(config: CockpitConfig, looks_s: int) -> None:
    """A replay takes no snapshots: what is proposed must not depend on them."""

    def proposed(looks: bool) -> BandProposal | None:
        scene = Scenario(config)
        for nth in range(40):
            scene.feed(Liquidation(scene.now_ns, scene.now_ns, "okx", "BTC", 107_000.0 + nth * 7, 5.0, True))
            scene.wait_s(3)
            if looks and nth % 2 == looks_s % 2:
                snapshot(scene.engine)
        return scene.engine.bands.proposals.get("BTC")

    assert proposed(looks=True) == proposed(looks=False) is not None
