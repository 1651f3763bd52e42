"""BTC upper-band short, rule by rule. The nearest upper band is 109,700 (the trigger) to 110,000."""

import pytest

from cockpit.domain.events import FundingRate, Positioning
from cockpit.domain.kinds import Origin, Outcome, SetupPhase, Side
from tests.setups.upper_band_stage import NAME, begun, proposed, wicked


@pytest.fixture
def btc(street):
    return begun(street)


def test_a_wick_is_a_trade_above_the_trigger(btc):
    btc.trade(1.0, 109_700.0)
    assert btc.phase(1.0) is SetupPhase.IDLE
    btc.trade(2.0, 109_700.1)
    assert btc.phase(2.0) is SetupPhase.WATCHING


def test_close_back_and_lower_high_is_sold_at_the_close(btc):
    wicked(btc)
    btc.trades([(31.0, 109_790.0), (40.0, 109_650.0)])
    assert btc.proposals == []
    btc.tick(45.0)
    (at_s, proposal), *more = btc.proposals
    assert (at_s, more) == (45.0, [])
    assert (proposal.setup, proposal.asset, proposal.side) == (NAME, "BTC", Side.SHORT)
    assert proposal.requested_usd == pytest.approx(1660 * 0.025 * 0.5)
    assert proposal.stop_bps == 30
    assert [(rung.distance_bps, rung.share_pct) for rung in proposal.targets] == [(25, 45), (45, 35), (80, 20)]
    assert proposal.decision_price == 109_650.0
    assert proposal.why.startswith("lower high 109,790.0 under the wick's 109,800.0")


def test_a_bar_that_closes_back_less_than_15_s_after_the_start_does_not_count(btc):
    """The wick starts at 1 s: the bar that ends at 15 s is 14 s later."""
    btc.trades([(1.0, 109_750.0), (10.0, 109_690.0), (20.0, 109_650.0), (29.0, 109_650.0)])
    btc.tick(30.0)
    assert btc.proposals == []
    btc.trade(31.0, 109_650.0)
    btc.tick(45.0)
    assert btc.proposed_at == [45.0]


def test_a_close_back_exactly_15_s_after_the_start_counts(street):
    btc = street(NAME)
    btc.trades([(0.0, 109_750.0), (10.0, 109_690.0), (20.0, 109_650.0)])
    btc.tick(30.0)
    assert btc.proposed_at == [30.0]


@pytest.mark.parametrize(("start_s", "is_in_time"), [(15.0, True), (14.999, False)])
def test_a_close_back_counts_until_90_s_after_the_start(street, start_s, is_in_time):
    """Held above until the bar that ends at 105 s, which closes back; the bar after it has the lower high."""
    btc = street(NAME)
    btc.trade(start_s, 109_750.0)
    for second in range(20, 96, 5):
        btc.trade(float(second), 109_750.0)
    btc.trades([(104.0, 109_690.0), (110.0, 109_650.0)])
    btc.tick(120.0)
    assert btc.proposed_at == ([120.0] if is_in_time else [])
    assert (btc.phase(120.0) is SetupPhase.IDLE) is not is_in_time


def test_a_close_at_the_trigger_is_not_back_below(btc):
    btc.trades([(1.0, 109_750.0), (20.0, 109_700.0), (31.0, 109_700.0)])
    btc.tick(45.0)
    assert btc.proposals == []


@pytest.mark.parametrize("high", [109_800.0, 109_850.0])
def test_a_high_not_under_the_wicks_goes_on_with_the_wick(btc, high):
    wicked(btc)
    btc.trades([(31.0, high), (40.0, 109_750.0)])
    btc.tick(45.0)
    assert btc.proposals == []
    assert btc.phase(45.0) is SetupPhase.WATCHING
    btc.trade(50.0, 109_690.0)  # closes back again
    btc.trades([(61.0, high - 0.1), (70.0, 109_690.0)])  # under the new high
    btc.tick(75.0)
    assert btc.proposed_at == [75.0]


def test_a_new_high_that_closes_back_in_the_same_bar_waits_for_the_next_bar(btc):
    wicked(btc)
    btc.trades([(31.0, 109_850.0), (40.0, 109_650.0)])
    btc.tick(45.0)
    assert btc.proposals == []
    btc.trades([(46.0, 109_840.0), (59.0, 109_690.0)])
    btc.tick(60.0)
    assert btc.proposed_at == [60.0]
    assert "109,840.0 under the wick's 109,850.0" in btc.proposals[0][1].why


def test_bars_without_trades_do_not_exist(btc):
    """No print from 30 s to 45 s: the bar after the close back is the one that ends at 60 s."""
    wicked(btc)
    btc.tick(45.0)
    assert btc.proposals == []
    btc.trade(50.0, 109_650.0)
    btc.tick(60.0)
    assert btc.proposed_at == [60.0]


def test_past_90_s_without_success_it_is_idle(btc):
    btc.trade(1.0, 109_750.0)
    for second in range(5, 91, 5):
        btc.trade(float(second), 109_750.0)
    btc.tick(90.0)
    assert btc.phase(90.0) is SetupPhase.WATCHING
    btc.trade(91.0, 109_650.0)
    btc.tick(105.0)
    assert btc.phase(105.0) is SetupPhase.IDLE


def test_a_lower_high_after_a_gap_is_old_news(btc):
    wicked(btc)
    btc.tick(30.0)
    btc.trade(3_600.0, 109_650.0)
    btc.tick(3_615.0)
    assert btc.proposals == []
    assert btc.phase(3_615.0) is SetupPhase.IDLE


def test_a_lower_high_whose_close_is_seen_only_after_a_gap_is_old_news(btc):
    wicked(btc)
    btc.trade(31.0, 109_650.0)
    btc.trade(3_600.0, 109_650.0)
    assert btc.proposals == []
    assert btc.phase(3_600.0) is SetupPhase.IDLE


def second_by_second(btc, from_s, to_s, price):
    for second in range(from_s, to_s):
        btc.trade(float(second), price, 0.1)


@pytest.mark.parametrize(
    ("close", "is_sold"), [(109_699.9, True), (109_700.0, False), (109_700.1, False), (109_790.0, False)]
)
def test_the_lower_high_must_close_below_the_edge_too(btc, close, is_sold):
    """A failed break that has not failed: its bar makes a lower high and closes at or above the edge."""
    wicked(btc)
    btc.trades([(31.0, 109_790.0), (40.0, close)])
    btc.tick(45.0)
    assert btc.proposed_at == ([45.0] if is_sold else [])
    if not is_sold:
        assert btc.waiting_for(45.0) == "close under 109,700.0, by 12:01:31 (not before 12:00:16); a 15 s bar"
        btc.trades([(46.0, 109_690.0), (61.0, 109_680.0)])
        btc.tick(75.0)
        assert btc.proposed_at == [75.0]


class TestBreak:
    """A wick from 1 s that has not closed back by 91 s."""

    WAITS = "close under 109,700.0; a 15 s bar, as it held above longer than a wick"

    @pytest.fixture
    def broken(self, btc):
        second_by_second(btc, 1, 91, 109_750.0)
        assert btc.setup.due_ns == btc.at(91.0)
        return btc

    def test_it_is_one_at_its_90_s_and_no_bar_is_needed(self, broken):
        broken.tick(90.9)
        assert broken.phase(90.9) is SetupPhase.WATCHING
        broken.tick(91.0)
        assert broken.phase(91.0) is SetupPhase.IDLE
        assert broken.waiting_for(91.0) == self.WAITS

    @pytest.mark.parametrize("held_until_s", [106, 121, 600])
    def test_while_it_holds_no_wick_begins(self, broken, held_until_s):
        second_by_second(broken, 91, held_until_s, 109_760.0)
        broken.trades([(held_until_s + 1.0, 109_690.0), (held_until_s + 2.0, 109_750.0)])
        assert broken.waiting_for(held_until_s + 2.0) == self.WAITS

    def test_a_dip_that_no_bar_closes_on_does_not_end_it(self, broken):
        broken.trades([(92.0, 109_600.0), (104.0, 109_750.0)])
        broken.tick(105.0)
        assert broken.waiting_for(105.0) == self.WAITS

    def test_a_close_at_the_edge_does_not_end_it(self, broken):
        broken.trade(92.0, 109_700.0)
        broken.tick(105.0)
        assert broken.waiting_for(105.0) == self.WAITS

    def test_a_bar_that_closes_below_ends_it_and_then_a_wick_may_begin(self, broken):
        broken.trades([(92.0, 109_750.0), (104.0, 109_690.0)])
        broken.tick(105.0)
        assert broken.waiting_for(105.0).startswith("wick above 109,700.0")
        broken.trades([(106.0, 109_760.0), (125.0, 109_690.0), (136.0, 109_680.0)])
        broken.tick(150.0)
        assert broken.proposed_at == [150.0]
        assert "since 12:01:46" in broken.proposals[0][1].why

    def test_so_is_one_that_a_gap_leaves_open(self, btc):
        btc.trades([(1.0, 109_750.0), (500.0, 109_760.0)])
        assert btc.waiting_for(500.0) == self.WAITS

    def test_so_is_one_that_closed_back_and_rose_again_past_its_time(self, btc):
        second_by_second(btc, 1, 80, 109_750.0)
        btc.trades([(89.0, 109_690.0), (95.0, 109_740.0)])
        btc.tick(105.0)
        assert btc.proposals == []
        assert btc.waiting_for(105.0) == self.WAITS

    def test_one_that_held_through_the_cooldown_is_known_at_its_end(self, btc):
        proposed(btc)
        btc.setup.denied(btc.at(45.0))
        second_by_second(btc, 46, 105, 109_750.0)
        btc.tick(105.0)
        assert btc.waiting_for(105.0).startswith("wick above 109,700.0")  # 59 s are no break yet
        btc.setup.opened(btc.at(105.0))
        btc.setup.closed(btc.at(105.0))
        second_by_second(btc, 105, 165, 109_750.0)
        btc.tick(165.0)
        assert btc.waiting_for(165.0) == self.WAITS

    def test_one_that_never_was_does_not_bar_the_first_wick(self, street):
        btc = street(NAME)
        btc.trade(0.0, 109_750.0)
        assert btc.phase(0.0) is SetupPhase.WATCHING


class TestGuards:
    @pytest.mark.parametrize(
        ("short_pct", "outcome"), [(53.9, Outcome.PASS), (54.0, Outcome.BLOCK), (56.2, Outcome.BLOCK)]
    )
    def test_only_while_short_pct_is_under_54(self, btc, short_pct, outcome):
        btc.read(0.0, Positioning, "BTC", "binance", 100 - short_pct, short_pct)
        check = btc.guard("setup_short_pct", 0.0)
        assert (check.outcome, check.observed, check.limit) == (outcome, f"{short_pct:.1f} %", "< 54.0 %")
        if outcome is Outcome.BLOCK:
            assert check.sentence.startswith(f"short % {short_pct:.1f} at or above 54.0 (BTC)")

    def test_a_reading_from_outside_says_so(self, btc):
        btc.read(0.0, Positioning, "BTC", "binance", 48.0, 52.0)
        btc.read(0.0, Positioning, "BTC", "external", 47.0, 53.0, Origin.EXTERNAL)
        assert btc.guard("setup_short_pct", 0.0).observed == "53.0 % (external)"

    @pytest.mark.parametrize(
        ("binance", "okx", "outcome"),
        [(0.19, 0.0, Outcome.PASS), (-3.0, 0.0, Outcome.PASS), (0.2, 0.0, Outcome.BLOCK), (0.3, 0.1, Outcome.BLOCK)],
    )
    def test_only_while_the_funding_spread_is_under_a_fifth(self, btc, binance, okx, outcome):
        btc.read(0.0, FundingRate, "BTC", "binance", binance)
        btc.read(0.0, FundingRate, "BTC", "okx", okx)
        assert btc.guard("setup_funding_spread", 0.0).outcome is outcome

    def test_readings_missing_or_stale_are_no_data(self, btc):
        assert btc.guard("setup_short_pct", 0.0).outcome is Outcome.NO_DATA
        assert btc.guard("setup_funding_spread", 0.0).outcome is Outcome.NO_DATA
        btc.read(0.0, Positioning, "BTC", "binance", 50.0, 50.0)
        btc.spread(0.0, 0.0)
        assert btc.guard("setup_short_pct", 600.0).outcome is Outcome.PASS
        assert btc.guard("setup_funding_spread", 600.0).outcome is Outcome.PASS
        for name in ("setup_short_pct", "setup_funding_spread"):
            stale = btc.guard(name, 601.0)
            assert stale.outcome is Outcome.NO_DATA
            assert "601 s" in stale.sentence

    @pytest.mark.parametrize(("high", "outcome"), [(109_594.0, Outcome.PASS), (109_654.0, Outcome.BLOCK)])
    def test_no_short_into_a_rise_of_60_bps(self, street, high, outcome):
        """From 109,000: 54.5 bps and exactly 60 bps."""
        btc = street(NAME)
        btc.trades([(0.0, 109_000.0), (30.0, 109_100.0), (60.0, high)])
        check = btc.guard("setup_squeeze", 60.0)
        assert check.outcome is outcome
        assert check.limit == "< 60 bps within 3600 s"

    def test_a_fall_is_no_squeeze(self, street):
        btc = street(NAME)
        btc.trades([(0.0, 110_000.0), (60.0, 109_000.0)])
        assert btc.guard("setup_squeeze", 60.0).outcome is Outcome.PASS

    def test_a_rise_older_than_the_hour_is_forgotten(self, street):
        btc = street(NAME)
        btc.trades([(0.0, 109_000.0), (4.0, 109_800.0), (10.0, 109_800.0)])
        btc.trade(3_600.0, 109_800.0)
        assert btc.guard("setup_squeeze", 3_600.0).outcome is Outcome.BLOCK
        btc.trade(3_620.0, 109_800.0)
        assert btc.guard("setup_squeeze", 3_620.0).outcome is Outcome.PASS

    @pytest.mark.parametrize(("seen_s", "outcome"), [(59.0, Outcome.NO_DATA), (60.0, Outcome.PASS)])
    def test_at_least_a_minute_must_have_been_seen(self, street, seen_s, outcome):
        btc = street(NAME)
        btc.trades([(0.0, 109_600.0), (seen_s, 109_600.0)])
        check = btc.guard("setup_squeeze", seen_s)
        assert check.outcome is outcome
        if outcome is Outcome.NO_DATA:
            assert check.sentence == "59 s of prices seen (BTC), 60 s needed to tell a squeeze"


class TestWaiting:
    def test_what_it_waits_for_step_by_step(self, btc):
        assert btc.waiting_for(0.0) == "wick above 109,700.0 (9 bps away)"
        btc.trade(1.0, 109_750.0)
        assert btc.waiting_for(1.0) == "close under 109,700.0, by 12:01:31 (not before 12:00:16); a 15 s bar"
        btc.trades([(5.0, 109_800.0), (29.0, 109_690.0)])
        btc.tick(30.0)
        assert btc.waiting_for(30.0) == "high under 109,800.0, close under 109,700.0; a 15 s bar"

    def test_without_a_band_it_says_so_and_never_fires(self, bare_config, street_on):
        btc = street_on(bare_config.model_copy(update={"bands": {}}), NAME)
        btc.trades([(1.0, 1e9), (2.0, 1.0)])
        assert btc.waiting_for(3.0) == "no upper band of BTC in the config"
