import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_events import START_NS, at, funding, health, positioning, top, trade
from readings_stage import JUDGED, fill, read, stale_names, watching

from cockpit.config.context import MarketContext
from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FeedHealth, HealthFactor, JitoTip, OpenInterest, Positioning, PriorityFee
from cockpit.domain.kinds import FeedState, Origin, Reading
from cockpit.market.market import Market
from cockpit.market.overview import feed_views

FRESH, LATE, STALE = FeedState.FRESH, FeedState.LATE, FeedState.STALE


# -- ages


@pytest.mark.parametrize(
    ("reading", "warn_s", "stand_down_s"),
    [
        (Reading.STREAM, 5, 15),
        (Reading.POSITIONING, 120, 600),
        (Reading.FUNDING, 300, 600),
        (Reading.OPEN_INTEREST, 300, 900),
        (Reading.HEALTH_FACTOR, 120, 300),
        (Reading.PRIORITY_FEE, 60, 180),
        (Reading.JITO_TIP, 60, 180),
    ],
)
def test_a_reading_is_late_past_its_warning_age_and_stale_past_its_stand_down_age(
    market: Market, reading: Reading, warn_s: float, stand_down_s: float
) -> None:
    fill(market, 0.0)
    expected = [
        (0, FRESH),
        (warn_s, FRESH),
        (warn_s + 0.001, LATE),
        (stand_down_s, LATE),
        (stand_down_s + 0.001, STALE),
    ]
    for age_s, state in expected:
        view = read(market, reading, age_s)
        assert (view.age_s, view.state, view.usable) == (age_s, state, state is not STALE)
        assert view.value is not None


@pytest.mark.parametrize("reading", [reading for reading in JUDGED if reading is not Reading.HEALTH_FACTOR])
def test_before_its_first_datum_a_reading_is_none_with_a_reason(market: Market, reading: Reading) -> None:
    view = read(market, reading, 0.0)
    assert (view.value, view.age_s, view.state, view.usable) == (None, None, STALE, False)
    assert view.detail.startswith("no ")


def test_a_stamp_from_the_future_is_no_older_than_now(market: Market) -> None:
    market.apply(positioning(1.268, 50.0))
    assert market.short_pct("BTC", at(0)).age_s == 0.0


def test_an_older_reading_does_not_replace_a_newer_one(market: Market) -> None:
    market.apply(positioning(10, 50.0))
    market.apply(positioning(9, 55.0))
    assert market.short_pct("BTC", at(11)).value == 50.0


def test_long_and_short_are_of_the_same_reading(market: Market) -> None:
    market.apply(positioning(0, 56.2))
    assert market.long_pct("BTC", at(0)).value == pytest.approx(43.8)


def test_the_stream_is_as_old_as_its_newest_print_or_top(market: Market) -> None:
    btc = market.assets["BTC"]
    btc.on_trade(trade(0, 100.0))
    btc.on_top(top(20))
    view = market.stream("BTC", at(22))
    assert (view.value, view.age_s, view.source) == (100.0, 2.0, "binance")


def test_a_book_without_a_print_has_no_price(market: Market) -> None:
    market.assets["BTC"].on_top(top(1))
    view = market.stream("BTC", at(2))
    assert (view.value, view.usable, view.detail) == (None, False, "no print of BTC from binance yet")


def test_readings_of_assets_the_config_does_not_name_are_ignored(market: Market) -> None:
    market.apply(positioning(0, 50.0, asset="DOGE"))
    view = market.short_pct("DOGE", at(0))
    assert (view.value, view.detail) == (None, "no positioning of DOGE received yet")


# -- funding spread


def test_the_funding_spread_is_binance_minus_okx_and_as_old_as_the_older_one(market: Market) -> None:
    market.apply(funding(0, "okx", -0.7))
    market.apply(funding(200, "binance", 2.9))
    view = market.funding_spread_bps("BTC", at(310))
    assert view.value == pytest.approx(3.6)
    assert (view.age_s, view.state) == (310.0, LATE)


@pytest.mark.parametrize(("there", "missing"), [("binance", "okx"), ("okx", "binance")])
def test_a_spread_without_one_venue_names_it(market: Market, there: str, missing: str) -> None:
    market.apply(funding(0, there, 1.0))
    view = market.funding_spread_bps("BTC", at(0))
    assert (view.value, view.usable) == (None, False)
    assert view.detail == f"no funding of BTC on {missing} received yet"


# -- the operator's market context


def test_the_shipped_context_seeds_the_first_minutes_and_then_goes_stale(shipped_config: CockpitConfig) -> None:
    market = Market(shipped_config, START_NS)
    assert market.short_pct("BTC", at(0)).value == 56.2
    assert market.short_pct("XRP", at(0)).value == 53
    assert market.funding_spread_bps("BTC", at(0)).value == pytest.approx(3.6)
    assert market.open_interest_change_pct("BTC", at(0)).value == 3.0
    assert market.short_pct("BTC", at(600)).origin is Origin.CONFIG
    assert market.short_pct("BTC", at(600)).usable
    assert not market.short_pct("BTC", at(600.001)).usable


def test_a_live_reading_replaces_a_seed_even_with_an_older_stamp(shipped_config: CockpitConfig) -> None:
    market = Market(shipped_config, START_NS)
    market.apply(positioning(-30, 51.0))
    view = market.short_pct("BTC", at(1))
    assert (view.value, view.age_s, view.origin) == (51.0, 31.0, Origin.FEED)


def test_a_held_context_never_ages_and_is_not_replaced(shipped_config: CockpitConfig) -> None:
    market = Market(shipped_config, START_NS, hold_context=True)
    market.apply(positioning(50, 51.0))
    market.apply(funding(50, "okx", 9.0))
    view = market.short_pct("BTC", at(86_400))
    assert (view.value, view.age_s, view.state, view.origin) == (56.2, 0.0, FRESH, Origin.HELD)
    assert market.funding_spread_bps("BTC", at(86_400)).value == pytest.approx(3.6)
    assert market.funding_spread_bps("BTC", at(86_400)).origin is Origin.HELD


def test_a_seeded_health_factor_is_watched_and_ends_with_the_first_live_one(bare_config: CockpitConfig) -> None:
    context = MarketContext(aave_health_factor=1.9)
    market = Market(bare_config.model_copy(update={"market_context": context}), START_NS)
    assert market.health_watched
    assert market.health_factor(at(0)).value == 1.9
    market.apply(health(10, 2.6))
    assert market.health_factor(at(10)).value == 2.6


# -- external readings only tighten

pcts = st.floats(min_value=0, max_value=100)
factors = st.floats(min_value=0.1, max_value=10)
ages = st.floats(min_value=0, max_value=1_000)


@given(own=pcts, external=pcts, own_age_s=ages, external_age_s=ages)
def test_an_external_short_pct_only_tightens(
    bare_config: CockpitConfig, own: float, external: float, own_age_s: float, external_age_s: float
) -> None:
    alone, both = Market(bare_config, START_NS), Market(bare_config, START_NS)
    for each in (alone, both):
        each.apply(positioning(1_000 - own_age_s, own))
    both.apply(positioning(1_000 - external_age_s, external, Origin.EXTERNAL))
    before, after = alone.short_pct("BTC", at(1_000)), both.short_pct("BTC", at(1_000))
    assert after.value >= before.value
    assert after.age_s >= before.age_s
    assert before.usable or not after.usable


@given(own=factors, external=factors, own_age_s=ages, external_age_s=ages)
def test_an_external_health_factor_only_tightens(
    bare_config: CockpitConfig, own: float, external: float, own_age_s: float, external_age_s: float
) -> None:
    alone, both = Market(bare_config, START_NS), Market(bare_config, START_NS)
    for each in (alone, both):
        each.apply(health(1_000 - own_age_s, own))
    both.apply(health(1_000 - external_age_s, external, "api", Origin.EXTERNAL))
    before, after = alone.health_factor(at(1_000)), both.health_factor(at(1_000))
    assert after.value <= before.value
    assert after.age_s >= before.age_s
    assert before.usable or not after.usable


def test_a_worse_external_reading_counts_and_says_so(market: Market) -> None:
    fill(market, 0)
    market.apply(positioning(10, 56.0, Origin.EXTERNAL))
    market.apply(health(10, 2.1, "api", Origin.EXTERNAL))
    short, factor = market.short_pct("BTC", at(20)), market.health_factor(at(20))
    assert (short.value, short.origin, short.age_s) == (56.0, Origin.EXTERNAL, 20.0)
    assert short.detail == "external short % 56 counts (own 50)"
    assert market.long_pct("BTC", at(20)).value == 44.0
    assert (factor.value, factor.origin) == (2.1, Origin.EXTERNAL)
    assert factor.detail == "external health factor 2.1 counts (own 2.6)"


def test_an_external_reading_no_worse_than_our_own_changes_nothing(market: Market) -> None:
    fill(market, 0)
    before = (market.short_pct("BTC", at(20)), market.health_factor(at(20)))
    market.apply(positioning(10, 50.0, Origin.EXTERNAL))
    market.apply(health(10, 2.6, "api", Origin.EXTERNAL))
    assert (market.short_pct("BTC", at(20)), market.health_factor(at(20))) == before


def test_an_external_reading_expires_at_the_stand_down_age(market: Market) -> None:
    market.apply(health(0, 2.1, "api", Origin.EXTERNAL))
    market.apply(health(290, 2.6))
    assert market.health_factor(at(300)).value == 2.1
    assert market.health_factor(at(300.001)).value == 2.6


def test_an_external_reading_does_not_stand_in_for_a_missing_one(bare_config: CockpitConfig) -> None:
    market = Market(watching(bare_config), START_NS)
    market.apply(positioning(0, 40.0, Origin.EXTERNAL))
    market.apply(health(0, 3.0, "api", Origin.EXTERNAL))
    assert not market.short_pct("BTC", at(0)).usable
    assert not market.health_factor(at(0)).usable


def test_unwatched_an_external_health_factor_is_still_seen_but_does_not_make_it_watched(market: Market) -> None:
    market.apply(health(0, 1.8, "api", Origin.EXTERNAL))
    view = market.health_factor(at(0))
    assert (view.value, view.origin, market.health_watched) == (1.8, Origin.EXTERNAL, False)


@pytest.mark.parametrize(
    "reading",
    [
        funding(10, "okx", -9.0, Origin.EXTERNAL),
        OpenInterest(at(10), "BTC", "api", -50.0, origin=Origin.EXTERNAL),
        PriorityFee(at(10), 9.0, origin=Origin.EXTERNAL),
        JitoTip(at(10), 9.0, origin=Origin.EXTERNAL),
    ],
)
def test_other_external_readings_are_ignored(market: Market, reading: PriorityFee) -> None:
    fill(market, 0)
    before = [read(market, kind, 20) for kind in JUDGED]
    market.apply(reading)
    assert [read(market, kind, 20) for kind in JUDGED] == before


# -- health factor


def test_without_an_address_the_health_factor_is_not_watched(market: Market) -> None:
    view = market.health_factor(at(0))
    assert (market.health_watched, view.value, view.state) == (False, None, FeedState.OFF)
    assert view.detail == "not watched: no address configured"


def test_with_an_address_it_is_watched_before_the_first_reading(bare_config: CockpitConfig) -> None:
    market = Market(watching(bare_config), START_NS)
    assert market.health_watched
    assert market.health_factor(at(0)).detail == "no health factor received yet"


def test_of_two_rpcs_the_lower_timely_one_counts(market: Market) -> None:
    market.apply(health(0, 1.95, "rpc-1"))
    market.apply(health(30, 2.6, "rpc-2"))
    assert (market.health_factor(at(30)).value, market.health_factor(at(30)).source) == (1.95, "rpc-1")
    market.apply(health(250, 2.6, "rpc-2"))
    assert market.health_factor(at(301)).value == 2.6


def test_an_unknown_reading_leaves_the_last_known_one_ageing_and_says_why(market: Market) -> None:
    market.apply(health(0, 2.6))
    market.apply(health(200, None))
    view = market.health_factor(at(200))
    assert (view.value, view.age_s, view.state, view.detail) == (2.6, 200.0, LATE, "unknown: timed out")
    market.apply(health(210, 2.7))
    assert market.health_factor(at(210)).detail == ""


def test_only_unknown_readings_are_no_data_with_the_reason(market: Market) -> None:
    market.apply(health(0, None))
    view = market.health_factor(at(0))
    assert (view.value, view.usable, view.detail) == (None, False, "unknown: timed out")
    assert market.latest_health() == health(0, None)


def test_no_debt_has_no_value_and_goes_stale_like_any_other(market: Market) -> None:
    market.apply(HealthFactor(at(0), "rpc-1", None, no_debt=True))
    view = market.health_factor(at(300))
    assert (view.value, view.detail, market.health_no_debt(at(300))) == (None, "no debt", True)
    assert not market.health_no_debt(at(300.001))


def test_an_external_health_factor_contradicts_no_debt(market: Market) -> None:
    market.apply(HealthFactor(at(0), "rpc-1", None, no_debt=True))
    market.apply(health(0, 1.5, "api", Origin.EXTERNAL))
    assert not market.health_no_debt(at(1))
    assert market.health_factor(at(1)).value == 1.5


# -- fees and tips


def test_fee_and_tip_have_their_own_baselines(market: Market) -> None:
    for number in range(8):
        market.apply(PriorityFee(at(number * 10), 1_000.0 if number < 7 else 4_000.0))
        market.apply(JitoTip(at(number * 10), 0.001))
    assert (market.priority_fee(at(70)).value, market.fee_baseline(600)) == (4_000.0, 1_000.0)
    assert market.tip_baseline(600) == 0.001


# -- what the workers say


def test_a_feed_that_is_down_leaves_its_last_value_usable_and_says_why(market: Market) -> None:
    fill(market, 0)
    market.apply(FeedHealth(at(5), Reading.FUNDING, "okx", FeedState.DOWN, "HTTP 503"))
    view = market.funding_rate("BTC", "okx", at(10))
    assert (view.value, view.usable, view.detail) == (0.5, True, "okx down: HTTP 503")
    assert market.funding_rate("BTC", "binance", at(10)).detail == ""
    market.apply(FeedHealth(at(20), Reading.FUNDING, "okx", FeedState.FRESH))
    assert market.funding_rate("BTC", "okx", at(20)).detail == ""


def test_a_feed_that_is_off_explains_a_missing_value(market: Market) -> None:
    market.apply(FeedHealth(at(0), Reading.POSITIONING, "coinglass", FeedState.OFF, "no key"))
    view = market.short_pct("BTC", at(1))
    assert (view.value, view.state) == (None, FeedState.OFF)
    assert view.detail == "no positioning of BTC received yet; coinglass off: no key"


def test_another_sources_trouble_does_not_touch_a_fresh_value(market: Market) -> None:
    fill(market, 0)
    market.apply(FeedHealth(at(0), Reading.POSITIONING, "coinglass", FeedState.DOWN, "HTTP 429"))
    assert market.short_pct("BTC", at(1)).detail == ""


# -- readings that come in bars


def test_a_reading_in_bars_is_late_once_the_next_bar_is_overdue_and_stale_at_its_real_age(market: Market) -> None:
    """Warning age 120 s, bars of 300 s: nothing newer could exist for 300 s."""
    market.apply(Positioning(at(0), "BTC", "binance accounts 5m", 50.0, 50.0, bar_s=300.0))
    market.assets["BTC"].on_trade(trade(0, 100.0))
    for age_s, state in [(299, FRESH), (420, FRESH), (420.5, LATE), (600, LATE), (600.5, STALE)]:
        view = market.short_pct("BTC", at(age_s))
        assert (view.age_s, view.state) == (age_s, state)
        [feed] = [feed for feed in feed_views(market, at(age_s)) if feed.name == "positioning.BTC"]
        assert (feed.age_s, feed.state, feed.warn_after_s) == (age_s, state, 420)
    assert "positioning.BTC" in stale_names(market, 601)


def test_bars_longer_than_the_stand_down_age_do_not_put_it_off(market: Market) -> None:
    market.apply(Positioning(at(0), "BTC", "coinglass", 50.0, 50.0, bar_s=3_600.0))
    assert market.short_pct("BTC", at(600)).state is FRESH
    assert market.short_pct("BTC", at(601)).state is STALE
