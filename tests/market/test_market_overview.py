"""Everything at once: what stands down, and what the screen is told of every feed."""

import msgspec
from market_events import START_NS, at, funding, health, positioning, trade
from readings_stage import fill, stale_names

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FeedHealth
from cockpit.domain.kinds import FeedState, Origin, Reading
from cockpit.market.market import Market
from cockpit.market.overview import feed_views
from cockpit.market.staleness import stale

FRESH, LATE, STALE = FeedState.FRESH, FeedState.LATE, FeedState.STALE


def test_nothing_stands_down_that_was_never_seen(market: Market) -> None:
    assert stale(market, at(100_000)) == ()


def test_what_is_past_its_age_is_named_with_age_and_limit(market: Market) -> None:
    fill(market, 0)
    assert stale(market, at(15)) == ()
    assert stale(market, at(16)) == (("stream.BTC", "all", 16.0, 15.0, "BTC", "prices from binance", ""),)


def test_every_stale_feed_stands_everybody_down_but_the_fees_only_their_setup(market: Market) -> None:
    fill(market, 0)
    assert stale_names(market, 901) == {
        "stream.BTC": "all",
        "positioning.BTC": "all",
        "funding.BTC.binance": "all",
        "funding.BTC.okx": "all",
        "open_interest.BTC": "all",
        "health_factor": "all",
        "priority_fee": "priority_fee",
        "jito_tip": "priority_fee",
    }


def test_funding_of_a_venue_outside_the_spread_stands_nobody_down(market: Market) -> None:
    market.apply(funding(0, "bybit", 1.0))
    market.assets["BTC"].on_trade(trade(601, 100.0))
    assert stale(market, at(601)) == ()
    assert "funding.BTC.bybit" in {view.name for view in feed_views(market, at(601))}


def test_readings_of_an_asset_whose_stream_was_never_heard_stand_nobody_down(shipped_config: CockpitConfig) -> None:
    market = Market(shipped_config, START_NS)
    market.assets["BTC"].on_trade(trade(601, 100.0))
    assert set(stale_names(market, 601)) == {"positioning.BTC", "funding.BTC.binance", "funding.BTC.okx"}


def test_a_held_context_is_never_stale(shipped_config: CockpitConfig) -> None:
    market = Market(shipped_config, START_NS, hold_context=True)
    market.assets["BTC"].on_trade(trade(80_000, 100.0))
    assert stale(market, at(80_000)) == ()


def test_external_readings_do_not_keep_a_feed_alive(market: Market) -> None:
    fill(market, 0)
    market.apply(positioning(600, 50.0, Origin.EXTERNAL))
    market.apply(health(600, 2.0, "api", Origin.EXTERNAL))
    assert {"positioning.BTC", "health_factor"} <= set(stale_names(market, 601))


def test_the_feed_views_name_every_required_reading_once(market: Market) -> None:
    names = [view.name for view in feed_views(market, at(0))]
    assert len(names) == len(set(names))
    for asset in ("BTC", "SOL", "XRP", "ETH"):
        assert {f"stream.{asset}", f"positioning.{asset}", f"open_interest.{asset}"} <= set(names)
        assert {f"funding.{asset}.binance", f"funding.{asset}.okx"} <= set(names)
    assert {"health_factor", "priority_fee", "jito_tip"} <= set(names)


def test_a_feed_view_shows_age_state_and_the_workers_word(market: Market) -> None:
    fill(market, 0)
    market.apply(FeedHealth(at(5), Reading.FUNDING, "okx", FeedState.DOWN, "HTTP 503"))
    views = {view.name: view for view in feed_views(market, at(130))}
    assert (views["positioning.BTC"].state, views["positioning.BTC"].age_s) == (LATE, 130.0)
    assert (views["stream.BTC"].state, views["stream.BTC"].stand_down_after_s) == (STALE, 15.0)
    assert (views["funding.BTC.okx"].state, views["funding.BTC.okx"].detail) == (FeedState.DOWN, "okx down: HTTP 503")
    assert views["funding.BTC.binance"].state is FRESH
    assert (views["positioning.SOL"].age_s, views["positioning.SOL"].state) == (None, STALE)
    assert all(msgspec.json.encode(view) for view in views.values())


def test_the_latest_funding_and_the_bands_are_there_for_the_screen(shipped_config: CockpitConfig) -> None:
    market = Market(shipped_config, START_NS)
    assert {venue: rate.rate_bps_8h for venue, rate in market.latest_funding("BTC").items()} == {
        "binance": 2.9,
        "okx": -0.7,
    }
    assert market.latest_funding("SOL") == {}
    bands = market.bands("BTC")
    assert bands is not None
    assert bands.lower[0] == [106_600, 106_800]
    assert market.bands("ETH") is None


def test_a_session_begins_anew_for_every_asset(market: Market) -> None:
    market.assets["BTC"].on_trade(trade(0, 100.0))
    market.start_session(at(1))
    assert market.assets["BTC"].session_vwap is None
