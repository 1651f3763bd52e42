"""SOL priority-fee shock fade, rule by rule: fees in micro-lamports, baseline 1,000 from a reading every 10 s."""

import pytest

from cockpit.domain.events import FeedHealth, JitoTip, OnChainPrice, PriorityFee
from cockpit.domain.kinds import FeedState, Origin, Outcome, Reading, SetupPhase, Side

NAME = "sol_fee_fade"


def fees(sol, *readings):
    for at_s, fee in readings:
        sol.read(float(at_s), PriorityFee, float(fee))


@pytest.fixture
def sol(street):
    """Ten minutes of calm: fee 1,000, tip 0.001, session VWAP 200, last print 1 % over it."""
    sol = street(NAME)
    sol.trade(0.0, 200.0, 1e6)
    for at_s in range(0, 601, 10):
        fees(sol, (at_s, 1_000))
        sol.read(float(at_s), JitoTip, 0.001)
    sol.trade(601.0, 202.0, 1e-3)
    return sol


def shocked(sol, peak=5_000.0):
    fees(sol, (610, peak))


def test_a_shock_is_a_fee_above_3_times_its_median(sol):
    fees(sol, (610, 3_000))
    assert sol.phase(610.0) is SetupPhase.IDLE
    fees(sol, (620, 3_001))
    assert sol.phase(620.0) is SetupPhase.WATCHING


def test_a_fall_of_40_pct_from_the_peak_is_faded_toward_the_vwap(sol):
    shocked(sol)
    fees(sol, (620, 3_001))
    assert sol.proposals == []
    fees(sol, (630, 3_000))
    (at_s, proposal), *more = sol.proposals
    assert (at_s, more) == (630.0, [])
    assert (proposal.setup, proposal.asset, proposal.side) == (NAME, "SOL", Side.SHORT)
    assert proposal.requested_usd == pytest.approx(1660 * 0.025 * 0.6)
    assert proposal.stop_bps == 35
    assert [(rung.distance_bps, rung.share_pct) for rung in proposal.targets] == [(30, 45), (60, 35), (110, 20)]
    assert proposal.why.startswith("priority fee fell 40% from its peak 5,000 (5.0 x its baseline) to 3,000")
    assert "+100.0 bps from the session VWAP" in proposal.why


@pytest.mark.parametrize(
    ("price", "side"),
    [(200.11, Side.SHORT), (200.09, None), (200.0, None), (199.91, None), (199.89, Side.LONG)],
)
def test_above_the_vwap_short_below_it_long_within_5_bps_nothing(sol, price, side):
    sol.trade(602.0, price, 1e-3)
    shocked(sol)
    fees(sol, (620, 1_000))
    assert [proposal.side for _, proposal in sol.proposals] == ([side] if side else [])
    if side is None:
        assert sol.phase(620.0) is SetupPhase.IDLE
        assert "within 5" in sol.waiting_for(620.0)
        assert sol.guard("setup_vwap_distance", 620.0).outcome is Outcome.BLOCK
    else:
        assert sol.setup.side is side
        assert sol.guard("setup_vwap_distance", 620.0).outcome is Outcome.PASS


def test_the_fall_counts_from_the_highest_reading_of_the_shock(sol):
    fees(sol, (610, 4_000), (620, 10_000), (630, 6_001))
    assert sol.proposals == []
    fees(sol, (640, 6_000))
    assert sol.proposed_at == [640.0]


@pytest.mark.parametrize(("fell_at_s", "is_in_time"), [(730, True), (731, False)])
def test_the_fall_must_come_within_2_minutes_of_the_peak(sol, fell_at_s, is_in_time):
    shocked(sol)
    fees(sol, (fell_at_s, 2_000))
    assert sol.proposed_at == ([float(fell_at_s)] if is_in_time else [])
    assert (sol.phase(731.0) is SetupPhase.IDLE) is not is_in_time


def test_a_shock_without_a_fall_is_given_up_at_a_bar_close_too(sol):
    shocked(sol)
    sol.trade(731.0, 202.0, 1e-3)
    sol.tick(735.0)
    assert sol.phase(735.0) is SetupPhase.IDLE
    assert sol.waiting_for(735.0).endswith("last shock: no fall by 12:12:10")


def test_a_fee_that_stays_high_is_a_new_shock_when_the_old_one_is_over(sol):
    shocked(sol)
    fees(sol, (731, 4_900), (740, 2_900))
    assert sol.proposed_at == [740.0]


def test_less_than_a_minute_of_readings_is_no_baseline(street):
    sol = street(NAME)
    sol.trade(0.0, 200.0)
    fees(sol, (0, 1_000), (10, 1_000), (20, 90_000), (30, 1_000))
    assert sol.phase(30.0) is SetupPhase.IDLE
    assert sol.proposals == []
    assert sol.waiting_for(30.0) == "fee above 3x baseline (none yet)"


def test_a_multiple_of_no_fee_at_all_is_no_shock(street):
    sol = street(NAME)
    fees(sol, *((at_s, 0) for at_s in range(0, 601, 10)), (610, 5))
    assert sol.phase(610.0) is SetupPhase.IDLE


def test_outside_fees_and_fees_out_of_order_are_ignored(sol):
    sol.read(610.0, PriorityFee, 9_000.0, origin=Origin.EXTERNAL)
    assert sol.phase(610.0) is SetupPhase.IDLE
    shocked(sol)
    sol.setup.take_reading(PriorityFee(sol.at(300.0), 1.0), sol.at(615.0))
    assert sol.phase(615.0) is SetupPhase.WATCHING


class TestGuards:
    def test_tips_above_twice_their_median_halve_the_size_and_widen_the_stop(self, sol):
        sol.read(610.0, JitoTip, 0.002)
        assert sol.guard("setup_jito_tip", 610.0).outcome is Outcome.PASS
        sol.read(620.0, JitoTip, 0.0021)
        check = sol.guard("setup_jito_tip", 620.0)
        assert (check.outcome, check.size_factor, check.stop_bps) == (Outcome.REDUCE, 0.5, 45)
        assert "0.0021 SOL, baseline 0.001" in check.sentence

    def test_the_loss_at_the_wider_stop_never_grows(self, street):
        """With a size factor of 1 the wider stop alone shrinks the size."""
        sol = street(NAME, tip_size_factor=1.0)
        for at_s in range(0, 121, 10):
            sol.read(float(at_s), JitoTip, 0.001 if at_s < 120 else 0.009)
        check = sol.guard("setup_jito_tip", 120.0)
        assert check.size_factor * (check.stop_bps or 0.0) == pytest.approx(35)

    @pytest.mark.parametrize("name", ["setup_priority_fee", "setup_jito_tip"])
    def test_late_readings_warn_and_stale_ones_stand_this_setup_down(self, sol, name):
        assert sol.guard(name, 660.0).outcome is Outcome.PASS
        assert sol.guard(name, 780.0).outcome is Outcome.WARN
        stale = sol.guard(name, 780.1)
        assert stale.outcome is Outcome.NO_DATA
        assert "180 s ago" in stale.sentence

    def test_nothing_read_yet_is_no_data_and_nothing_on_chain_is_no_fault(self, street):
        outcomes = [check.outcome for check in street(NAME).setup.guards(0)]
        assert outcomes == [Outcome.NO_DATA] * 3 + [Outcome.PASS]

    @pytest.mark.parametrize(
        ("price", "outcome", "words"),
        [
            (202.6, Outcome.PASS, "SOL on chain 202.6 (birdeye, last price) is 29.7 bps over the perp's 202"),
            (202.62, Outcome.WARN, "is 30.7 bps over the perp's 202, limit 30.0 bps: prices part"),
            (201.38, Outcome.WARN, "is 30.7 bps under the perp's 202, limit 30.0 bps: prices part"),
        ],
    )
    def test_a_price_on_chain_that_parts_from_the_perps_warns(self, sol, price, outcome, words):
        sol.market.apply(OnChainPrice(sol.at(602.0), "SOL", "birdeye", price))
        check = sol.guard("setup_onchain_price", 602.0)
        assert check.outcome is outcome
        assert words in check.sentence

    def test_a_chain_that_has_fallen_silent_warns_and_one_that_is_off_does_not(self, sol):
        word = FeedHealth(sol.at(0.0), Reading.ONCHAIN_PRICE, "birdeye", FeedState.OFF, "no key: set BIRDEYE_API_KEY")
        sol.market.apply(word)
        off = sol.guard("setup_onchain_price", 602.0)
        assert off.outcome is Outcome.PASS
        assert off.sentence == (
            "SOL on chain not compared with the perp: never read "
            "(no price of SOL on chain received yet; birdeye off: no key: set BIRDEYE_API_KEY)"
        )
        sol.market.apply(FeedHealth(sol.at(0.0), Reading.ONCHAIN_PRICE, "birdeye", FeedState.FRESH))
        sol.market.apply(OnChainPrice(sol.at(0.0), "SOL", "birdeye", 202.0))
        silent = sol.guard("setup_onchain_price", 602.0)
        assert silent.outcome is Outcome.WARN
        assert silent.sentence == "SOL on chain not compared with the perp: last read 602 s ago, stale"

    def test_a_perp_without_a_price_is_what_is_missing(self, sol):
        sol.market.apply(OnChainPrice(sol.at(640.0), "SOL", "birdeye", 202.0))
        assert sol.guard("setup_onchain_price", 640.0).sentence.endswith("with the perp: no price of the perp")

    def test_tips_without_a_baseline_are_no_data(self, street):
        sol = street(NAME)
        sol.read(0.0, JitoTip, 0.001)
        check = sol.guard("setup_jito_tip", 0.0)
        assert check.outcome is Outcome.NO_DATA
        assert "no baseline yet" in check.sentence


class TestWaiting:
    def test_idle_it_says_the_fee_it_waits_for(self, sol):
        assert sol.waiting_for(605.0) == "fee above 3,000 (now 1,000)"

    def test_in_a_shock_it_says_the_fall_it_waits_for(self, sol):
        shocked(sol)
        assert sol.waiting_for(611.0) == "fee at or under 3,000, by 12:12:10 (peak 5,000)"


def test_before_a_shock_its_side_is_toward_the_vwap(sol):
    assert sol.setup.side is Side.SHORT
    sol.trade(605.0, 199.0, 1e-3)
    assert sol.setup.side is Side.LONG
    assert sol.setup.intent(sol.at(605.0)).side is Side.LONG


def test_the_side_of_an_open_trade_stays_what_it_was(sol):
    shocked(sol)
    fees(sol, (620, 1_000))
    sol.trade(630.0, 190.0, 1e-3)
    assert sol.setup.side is Side.SHORT
