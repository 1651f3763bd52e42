"""Sources of signals in the pure machine: their day, their cut, and what their unsent proposals would have done."""

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain import commands as asked
from cockpit.domain.account import EngineMemory
from cockpit.domain.actions import Decided, MemoryChanged, PaperTracked
from cockpit.domain.kinds import ExitReason, Side
from cockpit.domain.signal_sources import PaperTrack, SourceView
from cockpit.domain.units import NS_PER_DAY, seconds_to_ns
from cockpit.domain.verdict import Target
from cockpit.journal.reading import scores_of
from tests.engine.scenario import NOON_NS, Scenario, config_with

LIMITS = (
    '{"proposals_per_minute": 60, "cut_off_at_refusals": 3, "notional_usd_per_day": 200, "open_trades": 2, '
    '"loss_usd_per_day": 0.1}'
)
SOURCES = f'sources={{"mind": {{"limits": {LIMITS}}}, "ghost": {{"shadow": true, "limits": {LIMITS}}}}}'
MIDNIGHT_NS = (NOON_NS // NS_PER_DAY + 1) * NS_PER_DAY
NARROW = 'sources={"nurse": {"scopes": ["look", "shed"]}, "narrow": {"strategies": ["Momentum Signal"]}}'


@pytest.fixture(scope="module")
def config() -> CockpitConfig:
    return config_with(SOURCES)


def memory(scene: Scenario) -> EngineMemory:
    return scene.seen.of(MemoryChanged)[-1].memory


def tracked(scene: Scenario) -> PaperTrack:
    return scene.seen.of(PaperTracked)[-1].track


def test_a_source_that_lost_its_days_limit_is_cut_off_and_its_day_begins_anew(scene: Scenario) -> None:
    assert scene.signal(source="mind").ok
    scene.wait_s(1)
    scene.move("ETH", 3_980.0)
    scene.wait_s(2)
    (view,) = [one for one in scene.engine.sources.views(scene.now_ns) if one.name == "mind"]
    assert view.loss_usd is not None and view.loss_usd >= 0.1
    assert "cut off: it lost" in view.cut_off and "limit 0.10" in view.cut_off
    assert any("source mind cut off" in told for told in scene.notices("critical", "source"))
    refused = scene.signal(source="mind", asset="BTC")
    assert not refused.ok and refused.sentence.startswith("source mind is cut off: it lost")
    assert scene.signal(asset="SOL").ok, "nobody else is touched"
    assert [one.cut_off != "" for one in memory(scene).sources] == [True, False], "kept for a restart"
    lifted = scene.command(asked.LiftSource, source="mind", reason="")
    assert not lifted.ok and "expected a reason" in lifted.sentence
    assert scene.command(asked.LiftSource, source="mind", reason="reviewed").ok
    assert scene.engine.sources.cut_off("mind") == ""


def test_an_operator_cuts_a_source_off_and_an_unknown_one_is_said(scene: Scenario) -> None:
    cut = scene.command(asked.CutOffSource, source="mind", reason="it chases")
    assert cut.ok and "source mind is cut off by" in cut.sentence and "it chases" in cut.sentence
    assert not scene.signal(source="mind").ok
    unknown = scene.command(asked.CutOffSource, source="nobody", reason="x")
    assert not unknown.ok and unknown.sentence == "expected a registered source (mind, ghost), was 'nobody'"
    assert scene.signal(source="nobody").sentence == "expected a registered source, was 'nobody'"


def test_midnight_begins_a_sources_day_anew_and_lifts_nobody(config: CockpitConfig) -> None:
    scene = Scenario(config, start_ns=MIDNIGHT_NS - seconds_to_ns(120))

    def view() -> SourceView:
        (found,) = [one for one in scene.engine.sources.views(scene.now_ns) if one.name == "mind"]
        return found

    sent = scene.signal(source="mind")
    assert sent.ok and 30 < view().notional_usd <= 41.5, "what was sent, not what was asked"
    over = scene.signal(source="mind", asset="SOL", amount_usd=190.0)
    assert not over.ok and f"limit 200.00 ({view().notional_usd:.2f} sent so far)" in over.sentence
    assert scene.command(asked.CutOffSource, source="mind", reason="it chases").ok
    scene.wait_until(MIDNIGHT_NS + seconds_to_ns(2))
    assert view().notional_usd == 0 and view().cut_off, "a new day lifts nobody"
    assert scene.command(asked.LiftSource, source="mind", reason="reviewed").ok
    assert "USD today" not in scene.signal(source="mind", asset="SOL", amount_usd=190.0).sentence


def test_proposals_a_minute_open_trades_and_refusals_hold_before_the_gate(config: CockpitConfig) -> None:
    limits = '{"proposals_per_minute": 3, "cut_off_at_refusals": 2, "notional_usd_per_day": 900, "open_trades": 1}'
    scene = Scenario(config_with(f'sources={{"mind": {{"limits": {limits}}}}}'))
    assert scene.signal(source="mind").ok
    judged = len(scene.seen.of(Decided))
    refused = scene.signal(source="mind", asset="SOL")
    assert not refused.ok and refused.sentence == "source mind has 1 open trade, limit 1"
    assert not scene.signal(source="mind", asset="SOL").ok
    too_fast = scene.signal(source="mind", asset="SOL")
    assert too_fast.sentence == "source mind proposed 4 times within a minute, limit 3"
    assert scene.engine.sources.cut_off("mind") == "", "once beyond is no flood"
    assert "is cut off: source mind proposed 5 times within a minute" in scene.signal(source="mind").sentence
    assert len(scene.seen.of(Decided)) == judged, "the gate was never asked"
    assert scene.command(asked.LiftSource, source="mind", reason="reviewed").ok
    assert "1 open trade" in scene.signal(source="mind", asset="SOL").sentence, "its minute began anew"


def test_what_is_open_counts_in_a_sources_loss(scene: Scenario) -> None:
    assert scene.signal(source="mind").ok
    scene.wait_s(1)
    scene.move("ETH", 3_989.0)
    scene.wait_s(2)
    assert len(scene.engine.book) == 1 and scene.account.realised_usd > -0.1, "its stop was not reached"
    assert "it lost" in scene.engine.sources.cut_off("mind")


def test_a_lifted_source_begins_its_loss_anew(scene: Scenario) -> None:
    assert scene.signal(source="mind").ok
    scene.wait_s(1)
    scene.move("ETH", 3_900.0)
    scene.wait_s(3)
    assert "it lost" in scene.engine.sources.cut_off("mind") and not len(scene.engine.book), "stopped out"
    assert scene.command(asked.LiftSource, source="mind", reason="reviewed").ok
    assert scene.signal(source="mind", asset="SOL").ok
    scene.wait_s(2)
    assert scene.engine.sources.cut_off("mind") == ""


def test_a_shadow_that_is_cut_off_is_not_judged_either(scene: Scenario) -> None:
    assert scene.command(asked.CutOffSource, source="ghost", reason="it floods").ok
    before = len(scene.seen.of(Decided))
    assert scene.signal(source="ghost").sentence.startswith("source ghost is cut off by")
    assert len(scene.seen.of(Decided)) == before and scene.engine._tracks.memory == ()


def test_scope_and_strategies_hold_in_the_machine_too_whatever_door_it_came_through() -> None:
    scene = Scenario(config_with(NARROW))
    before = len(scene.seen.of(Decided))
    assert scene.signal(source="nurse").sentence == "source nurse has the scopes look, shed, expected propose"
    refused = scene.signal(source="narrow")
    assert refused.sentence == "source narrow proposes Momentum Signal, was Cross-Exchange Arbitrage"
    assert len(scene.seen.of(Decided)) == before and scene.placed() == []
    assert scene.signal(source="narrow", strategy="Momentum Signal").ok


def test_a_shadow_is_followed_to_its_targets_with_its_fees(scene: Scenario) -> None:
    answer = scene.signal(source="ghost", stop_bps=20.0, targets=(Target(20.0, 50.0), Target(40.0, 50.0)))
    assert not answer.ok and scene.placed() == []
    entry = scene.engine._tracks.memory[0].entry_price
    scene.move("ETH", round(entry * 1.0021, 2))
    assert scene.engine._tracks.memory[0].hit == 1 and scene.engine._tracks.memory[0].stop_price > entry
    scene.move("ETH", round(entry * 1.0041, 2))
    track = tracked(scene)
    assert (track.exit_reason, track.source, track.denied_by) == (ExitReason.TARGETS, "ghost", "")
    assert track.r == pytest.approx((30.0 - track.fee_bps) / (20.0 + track.fee_bps))
    assert scene.engine._tracks.memory == ()


@pytest.mark.parametrize(("side", "to", "r"), [(Side.LONG, 0.997, -1.0), (Side.SHORT, 1.004, -1.0)])
def test_a_stop_costs_a_whole_r_or_more(config: CockpitConfig, side: Side, to: float, r: float) -> None:
    scene = Scenario(config)
    scene.positioning("ETH", 70.0)
    scene.signal(source="ghost", side=side, stop_bps=20.0)
    scene.move("ETH", round(4_000.0 * to, 2))
    track = tracked(scene)
    assert track.exit_reason is ExitReason.STOP and track.r is not None and track.r <= r
    assert track.denied_by == ("short_pct" if side is Side.SHORT else "")


def test_what_is_followed_ends_by_its_time_and_goes_on_over_a_restart(scene: Scenario, config: CockpitConfig) -> None:
    scene.signal(source="ghost", hold_s=30.0)
    kept = memory(scene)
    assert [track.source for track in kept.paper_tracks] == ["ghost"]
    scene.wait_s(31)
    assert tracked(scene).exit_reason is ExitReason.TIME_STOP
    second = Scenario(config)
    second.command(asked.Restore, memory=kept, trades=(), orders=())
    assert second.engine._tracks.memory == kept.paper_tracks


LIMIT = 'external_strategies.0.entry={"limit_within_s": 60, "limit_away_bps": 40}'


def test_a_limit_entry_is_followed_as_a_limit() -> None:
    """Not in at the touch when it was proposed: at the limit, once the market went through it."""
    scene = Scenario(config_with(SOURCES, LIMIT))
    scene.calm()
    limit = 3_996.0
    terms = {"stop_bps": 20.0, "targets": (Target(20.0, 100.0),), "hold_s": 45.0}
    scene.signal(source="ghost", limit_price=limit, limit_within_s=30.0, **terms)
    (waiting,) = scene.engine._tracks.memory
    assert (waiting.entry_price, waiting.waits_until_ns) == (limit, scene.now_ns + seconds_to_ns(30.0))
    assert scene.engine._tracks.fences("ETH") == (limit, float("inf"))
    scene.move("ETH", 4_020.0)
    scene.move("ETH", limit)
    assert scene.engine._tracks.memory == (waiting,), "its target means nothing yet, and a touch is no fill"
    scene.wait_s(20)
    scene.move("ETH", 3_995.0)
    (entered,) = scene.engine._tracks.memory
    assert (entered.waits_until_ns, entered.entry_price) == (None, limit)
    assert entered.ends_ns == scene.now_ns + seconds_to_ns(45.0)
    scene.move("ETH", round(limit * 1.0021, 2))
    track = tracked(scene)
    assert track.exit_reason is ExitReason.TARGETS
    assert track.r == pytest.approx((20.0 - track.fee_bps) / (20.0 + track.fee_bps))


def test_a_limit_that_is_never_reached_is_no_trade_and_one_through_the_market_is_in_at_once() -> None:
    scene = Scenario(config_with(SOURCES, LIMIT))
    scene.calm()
    scene.signal(source="ghost", limit_price=3_996.0, limit_within_s=30.0)
    scene.wait_s(31)
    track = tracked(scene)
    assert (track.exit_reason, track.r) == (None, None) and scene.engine._tracks.memory == ()
    (score,) = scores_of([action.verdict for action in scene.seen.of(Decided)], (), (track,))
    assert score.held_back_followed == 0 and score.held_back_r.mean is None
    scene.signal(source="ghost", limit_price=4_005.0, limit_within_s=30.0)
    (entered,) = scene.engine._tracks.memory
    assert entered.waits_until_ns is None and entered.entry_price == pytest.approx(4_000.01)


def test_a_print_through_a_limit_and_its_stop_is_a_stop() -> None:
    scene = Scenario(config_with(SOURCES, LIMIT))
    scene.calm()
    scene.signal(source="ghost", limit_price=3_996.0, limit_within_s=30.0, stop_bps=20.0)
    scene.move("ETH", 3_980.0)
    track = tracked(scene)
    assert track.exit_reason is ExitReason.STOP and track.r is not None and track.r < -1.0


def test_a_flood_of_one_sources_ids_makes_no_other_id_new(scene: Scenario) -> None:
    first, late = scene.signal(signal_id="mine"), scene.signal(signal_id="late", expires_ns=scene.now_ns)
    assert "expired" in late.sentence
    scene.wait_s(1)
    for number in range(1_100):
        scene.signal(source="ghost", signal_id=f"ghost:{number}", expires_ns=scene.now_ns)
    again = scene.signal(signal_id="mine")
    assert (again.trade_id, again.ok) == (first.trade_id, first.ok)
    assert scene.signal(signal_id="late", expires_ns=scene.now_ns).sentence == late.sentence, (
        "that answer, not a new one"
    )
    assert len(scene.placed()) == 1 or len({order.trade_id for order in scene.placed()}) == 1


def test_a_signals_terms_are_bounded_by_its_registered_strategy() -> None:
    entry = 'external_strategies.1.entry={"limit_within_s": 30, "limit_away_bps": 50}'
    scene = Scenario(config_with(SOURCES, entry))
    for terms, told in (
        ({"stop_price": 3_999.7}, "expected a stop at least 1 bps away, was 0.75"),
        ({"hold_s": 901.0}, "hold 901 s longer than the 900 s registered"),
        ({"limit_price": 3_995.0, "limit_within_s": 31.0}, "expected within_s up to the 30 s registered"),
        ({"limit_price": 3_995.0, "limit_within_s": 0.0}, "expected within_s up to the 30 s registered"),
        ({"limit_price": 3_979.0, "limit_within_s": 20.0}, "registered for Momentum Signal are 50"),
    ):
        refused = scene.signal(source="mind", strategy="Momentum Signal", **terms)
        assert not refused.ok and told in refused.sentence, refused.sentence
        scene.wait_s(1)
    assert scene.placed() == []
    within = {"limit_price": 3_995.0, "limit_within_s": 30.0, "hold_s": 900.0}
    assert scene.signal(source="mind", strategy="Momentum Signal", **within).ok
