"""BTC lower-band long, rule by rule. The trigger is the nearest lower band's upper edge, 106,800."""

import math

import pytest

from cockpit.domain.events import FundingRate
from cockpit.domain.kinds import Outcome, SetupPhase, Side

NAME = "btc_lower_band_long"


@pytest.fixture
def btc(street):
    """Funding pays for longs; then a flush at 1 s."""
    btc = street(NAME)
    btc.spread(0.0, 3.6)
    btc.trades([(0.5, 108_402.0), (1.0, 106_790.0, -5.0)])
    return btc


def held_above(btc, from_s, to_s, price=106_820.0, qty=0.1):
    """One print a second."""
    for second in range(math.ceil(from_s), math.floor(to_s) + 1):
        btc.trade(float(second), price, qty)


def failed_attempt(btc, start_s):
    """An attempt that begins at `start_s` and dips for good: out of time a minute later."""
    btc.trade(start_s, 106_810.0)
    btc.trade(start_s + 1.0, 106_790.0, -3.0)
    btc.trade(start_s + 62.0, 106_780.0, -1.0)
    btc.tick(start_s + 70.0)


def test_a_flush_is_a_trade_below_the_trigger(street):
    btc = street(NAME)
    btc.trades([(0.0, 108_402.0), (1.0, 106_800.0)])
    btc.setup.take_price("BTC", btc.at(1.5), 106_800.0)  # another setup's fence
    assert btc.phase(1.5) is SetupPhase.IDLE
    btc.trade(2.0, 106_799.9)
    assert btc.phase(2.0) is SetupPhase.WATCHING


def test_without_a_flush_nothing_is_bought_above_the_trigger(street):
    btc = street(NAME)
    btc.spread(0.0, 3.6)
    held_above(btc, 1, 120)
    assert btc.proposals == []
    assert btc.phase(120.0) is SetupPhase.IDLE


def test_a_reclaim_held_30_s_is_bought_at_the_bar_close(btc):
    btc.trade(2.0, 106_810.0, 2.0)
    held_above(btc, 3, 34)
    assert btc.proposals == []
    btc.tick(35.0)
    (at_s, proposal), *more = btc.proposals
    assert (at_s, more) == (35.0, [])
    assert (proposal.setup, proposal.asset, proposal.side) == (NAME, "BTC", Side.LONG)
    assert proposal.requested_usd == pytest.approx(1660 * 0.025 * 0.7)
    assert proposal.stop_bps == 28
    assert [(rung.distance_bps, rung.share_pct) for rung in proposal.targets] == [(25, 45), (50, 35), (90, 20)]
    assert proposal.decision_price == 106_820.0
    assert proposal.max_hold_s is None
    assert "106,820.0" in proposal.why and "+3.60 bps" in proposal.why
    assert btc.phase(35.0) is SetupPhase.TRIGGERED


@pytest.mark.parametrize(
    ("start_s", "proposed_at_s"),
    [
        (5.0, 35.0),  # exactly 30 s later counts
        (5.001, 40.0),  # the bar at 29.999 s does not
        (6.0, 40.0),  # the bar at 29 s does not
        (9.9, 40.0),
    ],
)
def test_the_first_bar_close_at_least_30_s_later_decides(btc, start_s, proposed_at_s):
    btc.trade(start_s, 106_810.0)
    held_above(btc, start_s + 1, 70)
    assert btc.proposed_at == [proposed_at_s]


@pytest.mark.parametrize(("start_s", "is_reclaim"), [(5.0, True), (4.999, False)])
def test_the_last_bar_close_is_60_s_later(btc, start_s, is_reclaim):
    """The price is back above only in the bar that ends at 65 s: 60 s after one start, 60.001 s after the other."""
    btc.trade(start_s, 106_810.0, 9.0)
    btc.trade(start_s + 1, 106_790.0, -1.0)
    for second in range(10, 60, 5):
        btc.trade(float(second), 106_790.0, -0.1)
    btc.trade(61.0, 106_850.0, 1.0)
    btc.tick(65.0)
    assert btc.proposed_at == ([65.0] if is_reclaim else [])


def test_the_closing_bar_must_be_above_the_trigger(btc):
    btc.trade(2.0, 106_810.0, 9.0)
    held_above(btc, 3, 33)
    btc.trade(34.0, 106_800.0, 0.1)
    btc.tick(35.0)
    assert btc.proposals == []
    btc.trade(36.0, 106_800.1, 0.1)
    btc.tick(40.0)
    assert btc.proposed_at == [40.0]


def test_a_dip_during_the_attempt_does_not_end_it(btc):
    btc.trade(2.0, 106_810.0, 9.0)
    btc.trades([(10.0, 106_700.0, -1.0), (20.0, 106_810.0, 1.0), (34.0, 106_810.0, 1.0)])
    btc.tick(35.0)
    assert btc.proposed_at == [35.0]


@pytest.mark.parametrize(("sold", "is_reclaim"), [(1.9, True), (2.0, False), (2.1, False)])
def test_the_taker_delta_since_the_attempt_began_must_be_positive(btc, sold, is_reclaim):
    """The starting print's 2 coins count; the 5 sold in the flush before it do not."""
    btc.trade(2.0, 106_810.0, 2.0)
    btc.trade(33.0, 106_810.0, -sold)
    btc.tick(35.0)
    assert btc.proposed_at == ([35.0] if is_reclaim else [])


def test_what_was_traded_between_flush_and_attempt_does_not_count(btc):
    btc.trades([(1.2, 106_795.0, 50.0), (1.4, 106_800.0, 50.0), (1.6, 106_798.0, 50.0)])
    btc.trade(2.0, 106_810.0, 1.0)
    btc.trade(33.0, 106_810.0, -2.0)
    btc.tick(35.0)
    assert btc.proposals == []


def test_buyers_may_come_ahead_later_in_the_window(btc):
    btc.trade(2.0, 106_810.0, 1.0)
    btc.trade(33.0, 106_810.0, -2.0)
    btc.trade(37.0, 106_810.0, 5.0)
    btc.tick(40.0)
    assert btc.proposed_at == [40.0]


@pytest.mark.parametrize(("spread_bps", "is_reclaim"), [(0.26, True), (0.25, False), (0.1, False), (-1.0, False)])
def test_the_funding_spread_must_still_be_above_a_quarter(street, spread_bps, is_reclaim):
    btc = street(NAME)
    btc.spread(0.0, spread_bps)
    btc.trades([(1.0, 106_790.0, -5.0), (2.0, 106_810.0)])
    held_above(btc, 3, 70)
    assert btc.proposed_at == ([35.0] if is_reclaim else [])


def test_a_spread_of_a_quarter_is_not_made_more_by_the_float(street):
    btc = street(NAME)
    btc.read(0.0, FundingRate, "BTC", "binance", 0.54)
    btc.read(0.0, FundingRate, "BTC", "okx", 0.29)
    assert 0.54 - 0.29 > 0.25
    assert btc.guard("setup_funding_spread", 0.0).outcome is Outcome.BLOCK


def test_without_a_funding_spread_nothing_is_bought(street):
    btc = street(NAME)
    btc.read(0.0, FundingRate, "BTC", "binance", 2.9)
    btc.trades([(1.0, 106_790.0, -5.0), (2.0, 106_810.0)])
    held_above(btc, 3, 61)
    assert btc.proposals == []
    assert "okx" in btc.waiting_for(50.0)
    assert btc.guard("setup_funding_spread", 50.0).outcome is Outcome.NO_DATA


def test_a_stale_funding_spread_buys_nothing(street):
    btc = street(NAME)
    btc.spread(0.0, 3.6)
    btc.trades([(590.0, 106_790.0, -5.0), (591.0, 106_810.0)])
    held_above(btc, 592, 655)
    assert btc.proposals == []


class TestFailure:
    def test_no_reclaim_by_60_s_fails_the_attempt_and_the_next_print_above_starts_another(self, btc):
        failed_attempt(btc, 2.0)
        assert btc.phase(72.0) is SetupPhase.WATCHING
        assert btc.waiting_for(72.0) == "print back above 106,800.0 (2 bps away)"
        btc.trade(400.0, 106_810.0, 3.0)
        held_above(btc, 401, 435)
        assert btc.proposed_at == [430.0]

    def test_an_attempt_that_failed_above_the_trigger_needs_a_new_flush(self, btc):
        btc.trade(2.0, 106_810.0, 1.0)
        btc.trade(3.0, 106_810.0, -5.0)
        held_above(btc, 4, 70, qty=0.01)
        assert btc.proposals == []
        assert btc.phase(70.0) is SetupPhase.IDLE
        held_above(btc, 71, 200)
        assert btc.proposals == []

    def test_two_failures_within_5_minutes_stand_it_down_for_30(self, btc):
        failed_attempt(btc, 2.0)
        failed_attempt(btc, 100.0)
        assert btc.phase(170.0) is SetupPhase.COOLING_DOWN
        assert btc.waiting_for(170.0) == "paused 29m50s: 2 reclaims failed within 300 s"
        btc.spread(1_900.0, 3.6)
        btc.trade(1_900.0, 106_810.0, 9.0)
        held_above(btc, 1_901, 1_959)
        assert btc.proposals == []
        assert btc.phase(1_959.9) is SetupPhase.COOLING_DOWN
        assert btc.phase(1_960.0) is SetupPhase.IDLE

    @pytest.mark.parametrize(("second_start_s", "stands_down"), [(302.0, True), (302.1, False)])
    def test_failures_more_than_5_minutes_apart_do_not(self, btc, second_start_s, stands_down):
        failed_attempt(btc, 2.0)
        failed_attempt(btc, second_start_s)
        assert (btc.phase(second_start_s + 70) is SetupPhase.COOLING_DOWN) is stands_down

    def test_after_standing_down_it_takes_two_new_failures(self, street):
        """A stand-down short enough that the two old failures are still within the 5 minutes."""
        btc = street(NAME, stand_down_s=20.0)
        btc.trade(1.0, 106_790.0, -5.0)
        failed_attempt(btc, 2.0)
        failed_attempt(btc, 80.0)
        assert btc.phase(150.0) is SetupPhase.COOLING_DOWN
        btc.trade(165.0, 106_780.0, -1.0)
        failed_attempt(btc, 170.0)
        assert btc.phase(240.0) is SetupPhase.WATCHING

    def test_a_gap_fails_the_attempt_at_the_first_print_after_it(self, btc):
        btc.trade(2.0, 106_810.0, 9.0)
        btc.trade(31.9, 106_850.0, 9.0)
        btc.trade(500.0, 106_850.0, 9.0)
        assert btc.proposals == []
        assert btc.phase(500.0) is SetupPhase.IDLE


class TestGuards:
    def test_the_funding_guard_says_its_numbers(self, btc):
        check = btc.guard("setup_funding_spread", 1.0)
        assert (check.outcome, check.observed, check.limit) == (Outcome.PASS, "+3.60 bps", "> +0.25 bps")
        btc.spread(2.0, 0.25)
        blocked = btc.guard("setup_funding_spread", 2.0)
        assert blocked.outcome is Outcome.BLOCK
        assert blocked.sentence.startswith("funding spread +0.25 bps not above +0.25 (BTC)")

    def test_no_depth_baseline_is_a_warning(self, btc):
        check = btc.guard("thin_book", 1.0)
        assert check.outcome is Outcome.WARN
        assert "no depth baseline yet" in check.sentence

    @pytest.mark.parametrize(("size", "outcome"), [(10.0, Outcome.PASS), (5.0, Outcome.PASS), (4.9, Outcome.REDUCE)])
    def test_a_book_under_half_its_median_widens_the_stop(self, btc, size, outcome):
        for second in range(2, 70):
            btc.top(float(second), 10.0)
        btc.top(70.0, size)
        check = btc.guard("thin_book", 70.0)
        assert check.outcome is outcome
        if outcome is Outcome.REDUCE:
            assert check.stop_bps == 35
            assert check.size_factor == pytest.approx(28 / 35)
            assert "28 to 35 bps" in check.sentence and "49%" in check.sentence

    def test_a_held_spread_says_so(self, shipped_config, street_on):
        btc = street_on(shipped_config, NAME, hold_context=True)
        assert btc.guard("setup_funding_spread", 9_999.0).observed == "+3.60 bps (held)"


class TestWaiting:
    def test_idle_it_waits_for_the_flush(self, street):
        btc = street(NAME)
        assert btc.waiting_for(0.0) == "flush under 106,800.0 (no price yet)"
        btc.trade(1.0, 108_402.0)
        assert btc.waiting_for(1.0) == "flush under 106,800.0 (148 bps away)"

    def test_in_an_attempt_it_says_when_a_bar_counts(self, btc):
        btc.trade(2.0, 106_810.0)
        assert btc.waiting_for(3.0) == "buyers' close above 106,800.0, by 12:01:02 (not before 12:00:32)"

    def test_a_missing_premium_is_part_of_what_it_waits_for(self, btc):
        btc.trade(2.0, 106_810.0)
        btc.spread(3.0, 0.1)
        assert btc.waiting_for(3.0).endswith("and funding spread above +0.25 bps (now +0.10 bps)")

    def test_without_a_band_it_says_so_and_never_fires(self, bare_config, street_on):
        btc = street_on(bare_config.model_copy(update={"bands": {}}), NAME)
        btc.trades([(1.0, 100.0), (2.0, 1.0), (3.0, 1e9)])
        assert btc.waiting_for(3.0) == "no lower band of BTC in the config"


def test_after_the_cooldown_a_price_under_the_trigger_is_flushed_already(btc):
    btc.trade(2.0, 106_810.0, 2.0)
    held_above(btc, 3, 35)
    btc.setup.denied(btc.at(36.0))
    assert btc.waiting_for(36.5) == "cooling down 60 s"
    btc.trade(90.0, 106_700.0, -1.0)
    btc.trade(97.0, 106_700.0, -1.0)
    btc.tick(100.0)
    assert btc.phase(100.0) is SetupPhase.WATCHING
    btc.trade(101.0, 106_810.0, 5.0)
    held_above(btc, 102, 140)
    assert btc.proposed_at == [35.0, 135.0]
