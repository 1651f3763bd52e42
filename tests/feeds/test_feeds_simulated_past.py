"""What the simulated market did before its first moment: the same for the same seed, up to where it begins."""

from itertools import pairwise

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import Trade
from cockpit.domain.units import NS_PER_S, bps_between
from cockpit.feeds.simulated.market import SimulatedMarket
from cockpit.feeds.simulated.paths import MINUTE_NS, MINUTES, SECONDS

START_NS = 1_760_860_800 * NS_PER_S + 37 * NS_PER_S + 123


def test_it_leads_to_where_the_market_begins(shipped_config: CockpitConfig) -> None:
    market = SimulatedMarket(shipped_config, 27, START_NS)
    for past in market.past():
        first = next(event for event in market.events() if isinstance(event, Trade) and event.asset == past.asset)
        assert abs(bps_between(past.seconds[-1].close, first.price)) < 5.0
        assert abs(bps_between(past.minutes[-1].close, first.price)) < 5.0


def test_its_candles_join_and_hold_their_prices(shipped_config: CockpitConfig) -> None:
    for past in SimulatedMarket(shipped_config, 27, START_NS).past():
        for candles, length_ns, count in ((past.minutes, MINUTE_NS, MINUTES), (past.seconds, NS_PER_S, SECONDS)):
            assert count <= len(candles) <= count + 1
            assert all(candle.start_ns % length_ns == 0 for candle in candles)
            assert candles[-1].start_ns == (START_NS // NS_PER_S * NS_PER_S - 1) // length_ns * length_ns
            for before, after in pairwise(candles):
                assert after.start_ns - before.start_ns == length_ns
                assert after.open == before.close
            for candle in candles:
                assert 0 < candle.low <= min(candle.open, candle.close)
                assert candle.high >= max(candle.open, candle.close)
                assert candle.volume is not None and candle.taker_delta is not None
                assert abs(candle.taker_delta) <= candle.volume


def test_the_same_seed_tells_the_same_and_another_one_does_not(shipped_config: CockpitConfig) -> None:
    told = [SimulatedMarket(shipped_config, seed, START_NS).past() for seed in (27, 27, 28)]
    assert told[0] == told[1] != told[2]


def test_telling_it_changes_nothing_of_what_comes(shipped_config: CockpitConfig) -> None:
    one, other = (SimulatedMarket(shipped_config, 27, START_NS) for _ in range(2))
    one.past()
    assert all(a == b for a, b, _ in zip(one.events(), other.events(), range(2_000), strict=False))
