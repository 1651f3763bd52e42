"""A worker that is down is seen even while others give the same reading."""

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FeedHealth, Positioning, Top
from cockpit.domain.kinds import FeedState, Reading
from cockpit.domain.snapshot import FeedView
from cockpit.domain.units import NS_PER_S
from cockpit.market.market import Market
from cockpit.market.overview import feed_views

NOW_NS = 1_800_000_000 * NS_PER_S


def _market(config: CockpitConfig) -> Market:
    """BTC's stream comes from the venue that is watched, its positioning from OKX."""
    market = Market(config, NOW_NS)
    market.assets["BTC"].on_top(Top(NOW_NS, NOW_NS, "binance", "BTC", 100.0, 1.0, 100.1, 1.0))
    market.apply(Positioning(NOW_NS, "BTC", "okx accounts 5m", 40.0, 60.0))
    return market


def _views(market: Market) -> dict[str, FeedView]:
    return {view.name: view for view in feed_views(market, NOW_NS)}


def test_a_traded_venue_that_nobody_watches_is_shown_while_its_stream_is_down(shipped_config: CockpitConfig) -> None:
    market = _market(shipped_config)
    market.apply(FeedHealth(NOW_NS, Reading.STREAM, "okx", FeedState.DOWN, "tops lost: no data of BTC"))
    view = _views(market)["stream.okx"]
    assert (view.state, view.detail) == (FeedState.DOWN, "okx down: tops lost: no data of BTC")
    assert _views(market)["stream.BTC"].state is FeedState.FRESH
    market.apply(FeedHealth(NOW_NS, Reading.STREAM, "okx", FeedState.FRESH))
    assert "stream.okx" not in _views(market)


def test_a_preferred_source_that_is_down_is_shown_beside_the_one_that_answers(shipped_config: CockpitConfig) -> None:
    market = _market(shipped_config)
    word = FeedHealth(NOW_NS, Reading.POSITIONING, "binance accounts 5m", FeedState.DOWN, "HTTP 500")
    market.apply(word)
    assert _views(market)["positioning.binance accounts 5m"].detail == "binance accounts 5m down: HTTP 500"
    assert _views(market)["positioning.BTC"].state is FeedState.FRESH


def test_a_watched_venues_word_is_shown_once(shipped_config: CockpitConfig) -> None:
    market = _market(shipped_config)
    market.apply(FeedHealth(NOW_NS, Reading.STREAM, "binance", FeedState.DOWN, "trades lost"))
    assert "stream.binance" not in _views(market)
    assert _views(market)["stream.BTC"].detail == "binance down: trades lost"
