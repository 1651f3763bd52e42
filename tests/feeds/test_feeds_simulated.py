"""The simulated market: the same for the same seed, in time order, sane in every number, and obedient to its shocks."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise, takewhile
from typing import get_args

import pytest

from cockpit.config.context import AssetBands
from cockpit.config.model import CockpitConfig
from cockpit.domain.events import (
    FundingRate,
    HealthFactor,
    JitoTip,
    Liquidation,
    MarketEvent,
    MarkPrice,
    OpenInterest,
    Positioning,
    PriorityFee,
    ReadingEvent,
    Top,
    Trade,
)
from cockpit.domain.kinds import Origin
from cockpit.domain.units import NS_PER_S, bps_between
from cockpit.domain.wire import encode
from cockpit.feeds.simulated.market import DEFAULT_SEED, SimulatedMarket
from cockpit.feeds.simulated.readings import FeeWeather, Readings
from cockpit.feeds.simulated.shocks import parse_shock

START_NS = 1_760_860_800 * NS_PER_S + 123
READINGS = get_args(ReadingEvent)


def simulate(
    config: CockpitConfig, for_s: float, seed: int = DEFAULT_SEED, shocks: Sequence[str] = ()
) -> list[MarketEvent]:
    market = SimulatedMarket(config, seed, START_NS, [parse_shock(text) for text in shocks])
    end_ns = START_NS + int(for_s * NS_PER_S)
    return list(takewhile(lambda event: event.ts_ns < end_ns, market.events()))


def at_s(event: MarketEvent) -> float:
    return (event.ts_ns - START_NS) / NS_PER_S


@pytest.fixture(scope="module")
def ten_minutes(shipped_config: CockpitConfig) -> list[MarketEvent]:
    return simulate(shipped_config, 600.0)


class TestDeterminism:
    def test_the_same_seed_gives_the_same_bytes(
        self, shipped_config: CockpitConfig, ten_minutes: list[MarketEvent]
    ) -> None:
        again = simulate(shipped_config, 60.0)
        assert [encode(event) for event in again] == [encode(event) for event in ten_minutes[: len(again)]]

    def test_another_seed_gives_another_market(
        self, shipped_config: CockpitConfig, ten_minutes: list[MarketEvent]
    ) -> None:
        other = simulate(shipped_config, 60.0, seed=DEFAULT_SEED + 1)
        assert [encode(event) for event in other] != [encode(event) for event in ten_minutes[: len(other)]]

    def test_each_call_starts_at_the_beginning(self, shipped_config: CockpitConfig) -> None:
        market = SimulatedMarket(shipped_config, start_ns=START_NS)
        first, second = market.events(), market.events()
        assert [next(first) for _ in range(500)] == [next(second) for _ in range(500)]

    def test_another_process_gives_the_same_bytes(self) -> None:
        script = (
            "from itertools import islice\nfrom hashlib import sha256\n"
            "from pathlib import Path\nfrom cockpit.config.load import load_config\n"
            "from cockpit.domain.wire import encode\nfrom cockpit.feeds.simulated.market import SimulatedMarket\n"
            "config = load_config(Path('config/tactical_scalp_config.json'))\n"
            "events = islice(SimulatedMarket(config).events(), 2000)\n"
            "print(sha256(b''.join(encode(event) for event in events)).hexdigest())\n"
        )
        digests = {
            subprocess.run(
                [sys.executable, "-c", script],
                env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": "."},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for hash_seed in ("1", "2")
        }
        assert len(digests) == 1
        assert len(digests.pop().strip()) == len(sha256().hexdigest())


class TestShape:
    def test_events_are_in_time_order_from_the_start(self, ten_minutes: list[MarketEvent]) -> None:
        times = [event.ts_ns for event in ten_minutes]
        assert times == sorted(times)
        assert times[0] == START_NS

    def test_every_book_has_two_sides_apart_and_a_sane_spread(self, ten_minutes: list[MarketEvent]) -> None:
        for top in (event for event in ten_minutes if isinstance(event, Top)):
            assert 0.0 < top.bid < top.ask
            assert bps_between(top.ask, top.bid) < 2.0
            assert top.bid_qty > 0.0
            assert top.ask_qty > 0.0

    def test_prices_and_quantities_lie_on_the_venues_grid(
        self, shipped_config: CockpitConfig, ten_minutes: list[MarketEvent]
    ) -> None:
        for trade in (event for event in ten_minutes if isinstance(event, Trade)):
            grid = shipped_config.instrument(trade.asset, trade.venue)
            for value, step in ((trade.price, grid.tick_usd), (trade.qty, grid.lot)):
                assert value == pytest.approx(round(value / step) * step, abs=step * 1e-6)
                assert value > 0.0

    def test_no_price_teleports(self, ten_minutes: list[MarketEvent]) -> None:
        last: dict[str, float] = {}
        for trade in (event for event in ten_minutes if isinstance(event, Trade)):
            assert abs(bps_between(trade.price, last.get(trade.asset, trade.price))) < 15.0
            last[trade.asset] = trade.price

    def test_bitcoin_starts_between_its_bands(self, shipped_config: CockpitConfig) -> None:
        bands = shipped_config.bands["BTC"]
        for seed in range(20):
            market = SimulatedMarket(shipped_config, seed, START_NS)
            first = next(event for event in market.events() if isinstance(event, Trade) and event.asset == "BTC")
            assert bands.lower[0][1] < first.price < bands.upper[0][0]

    def test_prints_come_from_the_watched_venue_with_counted_ids(
        self, shipped_config: CockpitConfig, ten_minutes: list[MarketEvent]
    ) -> None:
        ids: dict[str, list[int]] = defaultdict(list)
        for trade in (event for event in ten_minutes if isinstance(event, Trade)):
            assert trade.venue == shipped_config.assets[trade.asset].watch
            ids[trade.asset].append(trade.trade_id)
        assert set(ids) == set(shipped_config.assets)
        assert all(found == list(range(1, len(found) + 1)) for found in ids.values())

    def test_the_rate_is_busy_but_bearable_and_comes_in_bursts(self, ten_minutes: list[MarketEvent]) -> None:
        per_second = [0] * 600
        for event in ten_minutes:
            per_second[int(at_s(event))] += 1
        assert 40.0 < len(ten_minutes) / 600.0 < 120.0
        assert max(per_second) > 2 * sorted(per_second)[300]

    def test_no_stream_is_ever_late(self, shipped_config: CockpitConfig, ten_minutes: list[MarketEvent]) -> None:
        times: dict[str, list[float]] = defaultdict(list)
        for trade in (event for event in ten_minutes if isinstance(event, Trade)):
            times[trade.asset].append(at_s(trade))
        for found in times.values():
            assert max(late - early for early, late in pairwise(found)) < shipped_config.feeds.stream.warn_after_s

    def test_marks_come_every_second_with_a_small_basis_that_also_falls(self, ten_minutes: list[MarketEvent]) -> None:
        marks = [event for event in ten_minutes if isinstance(event, MarkPrice) and event.asset == "BTC"]
        basis = [bps_between(mark.mark, mark.index) for mark in marks]
        assert len(marks) == 600
        assert max(abs(bps) for bps in basis) < 15.0
        assert any(later < earlier for earlier, later in pairwise(basis))

    def test_liquidations_are_rare_but_happen(self, ten_minutes: list[MarketEvent]) -> None:
        forced = [event for event in ten_minutes if isinstance(event, Liquidation)]
        assert 0 < len(forced) < 60
        assert {event.asset for event in forced} == {"BTC"}


class TestReadings:
    def test_each_reading_comes_at_once_and_then_at_the_configs_cadence(
        self, shipped_config: CockpitConfig, ten_minutes: list[MarketEvent]
    ) -> None:
        feeds = shipped_config.feeds
        cadences = [
            (Positioning, feeds.positioning, 4),
            (FundingRate, feeds.funding, 8),
            (OpenInterest, feeds.open_interest, 4),
            (HealthFactor, feeds.health_factor, 1),
            (PriorityFee, feeds.priority_fee, 1),
            (JitoTip, feeds.jito_tip, 1),
        ]
        for kind, ages, each_time in cadences:
            assert ages.every_s is not None
            times = [at_s(event) for event in ten_minutes if isinstance(event, kind)]
            polls = range(int(600.0 / ages.every_s))
            assert times == [pytest.approx(poll * ages.every_s) for poll in polls for _ in range(each_time)]

    def test_a_pushed_reading_comes_before_its_warning_age(self, shipped_config: CockpitConfig) -> None:
        ages = shipped_config.feeds.health_factor.model_copy(update={"every_s": None})
        feeds = shipped_config.feeds.model_copy(update={"health_factor": ages})
        events = simulate(shipped_config.model_copy(update={"feeds": feeds}), 200.0)
        times = [at_s(event) for event in events if isinstance(event, HealthFactor)]
        assert times == [0.0, 60.0, 120.0, 180.0]

    def test_readings_say_that_they_are_simulated(self, ten_minutes: list[MarketEvent]) -> None:
        assert {event.origin for event in ten_minutes if isinstance(event, READINGS)} == {Origin.SIMULATED}

    def test_the_first_readings_are_the_configs(self, shipped_config: CockpitConfig) -> None:
        events = simulate(shipped_config, 1.0, seed=3)
        funding = {
            event.venue: event.rate_bps_8h
            for event in events
            if isinstance(event, FundingRate) and event.asset == "BTC"
        }
        short_pct = next(event for event in events if isinstance(event, Positioning) and event.asset == "BTC").short_pct
        assert short_pct == shipped_config.market_context.positioning["BTC"].short_pct
        assert funding == pytest.approx(shipped_config.market_context.funding_bps["BTC"])

    def test_an_hour_crosses_the_gates_thresholds_both_ways(self, shipped_config: CockpitConfig) -> None:
        readings = Readings(shipped_config, DEFAULT_SEED, START_NS, (), FeeWeather(), frozenset())
        events = readings.due(START_NS, START_NS + 3600 * NS_PER_S)
        gate = shipped_config.gate
        short_pct = [event.short_pct for event in events if isinstance(event, Positioning) and event.asset == "BTC"]
        change_pct = [event.change_24h_pct for event in events if isinstance(event, OpenInterest)]
        funding = [event for event in events if isinstance(event, FundingRate) and event.asset == "BTC"]
        rates = {(event.ts_ns, event.venue): event.rate_bps_8h for event in funding}
        spreads = [rate - rates[ts_ns, "okx"] for (ts_ns, venue), rate in rates.items() if venue == "binance"]
        assert min(short_pct) < gate.short_pct_block_at["BTC"] <= max(short_pct)
        assert min(spreads) < gate.funding_spread_longs_only_above_bps < max(spreads)
        assert min(change_pct) < gate.open_interest_reduce_above_pct < max(change_pct)

    def test_shares_add_up_and_the_health_factor_stays_where_entries_are_allowed(
        self, shipped_config: CockpitConfig, ten_minutes: list[MarketEvent]
    ) -> None:
        for event in ten_minutes:
            if isinstance(event, Positioning):
                assert event.long_pct + event.short_pct == pytest.approx(100.0)
            if isinstance(event, HealthFactor):
                assert event.value is not None
                assert shipped_config.gate.health_factor_entries_min < event.value < 2.7

    def test_fees_shock_and_fade(self, shipped_config: CockpitConfig, ten_minutes: list[MarketEvent]) -> None:
        fees = [event.p50_microlamports for event in ten_minutes if isinstance(event, PriorityFee)]
        calm = sorted(fees)[len(fees) // 2]
        peak = fees.index(max(fees))
        assert fees[peak] > 3.0 * calm
        assert min(fees[peak : peak + 12]) < 0.6 * fees[peak]


class TestShocks:
    def test_the_health_factor_goes_where_it_is_sent_and_stays(self, shipped_config: CockpitConfig) -> None:
        events = simulate(shipped_config, 240.0, shocks=["hf:60:1.95:60"])
        values = [event.value for event in events if isinstance(event, HealthFactor)]
        calm = [event.value for event in simulate(shipped_config, 240.0) if isinstance(event, HealthFactor)]
        assert values[:3] == calm[:3]
        assert values[3] is not None
        assert 1.95 < values[3] < 2.4
        assert values[4:] == [1.95] * 4

    def test_a_later_path_takes_over(self, shipped_config: CockpitConfig) -> None:
        events = simulate(shipped_config, 120.0, shocks=["hf:60:2.45", "hf:30:1.9"])
        values = [event.value for event in events if isinstance(event, HealthFactor)]
        assert values[1:] == [1.9, 2.45, 2.45]

    @pytest.mark.parametrize(
        ("shock", "falls_silent"),
        [
            ("silent:funding:60:120", lambda event: isinstance(event, FundingRate)),
            (
                "silent:funding.BTC.okx:60:120",
                lambda event: isinstance(event, FundingRate) and (event.asset, event.venue) == ("BTC", "okx"),
            ),
            ("silent:priority_fee:60:120", lambda event: isinstance(event, PriorityFee)),
            (
                "silent:stream.BTC:60:120",
                lambda event: isinstance(event, Trade | Top | MarkPrice | Liquidation) and event.asset == "BTC",
            ),
        ],
    )
    def test_a_silent_feed_says_nothing_and_everything_else_goes_on_unchanged(
        self, shipped_config: CockpitConfig, shock: str, falls_silent: object
    ) -> None:
        assert callable(falls_silent)
        calm = simulate(shipped_config, 200.0)
        shocked = simulate(shipped_config, 200.0, shocks=[shock])
        expected = [event for event in calm if not (60.0 <= at_s(event) < 180.0 and falls_silent(event))]
        assert shocked == expected
        assert len(shocked) < len(calm)

    @pytest.mark.parametrize("bps", [-120.0, 80.0])
    def test_a_gap_leaves_no_print_inside_it(self, shipped_config: CockpitConfig, bps: float) -> None:
        events = simulate(shipped_config, 100.0, shocks=[f"gap:BTC:90:{bps:g}"])
        prints = [event for event in events if isinstance(event, Trade) and event.asset == "BTC"]
        before = [trade for trade in prints if at_s(trade) < 90.0]
        after = [trade for trade in prints if at_s(trade) >= 90.0]
        assert before == [
            event
            for event in simulate(shipped_config, 90.0)
            if isinstance(event, Trade) and event.asset == "BTC"
        ]  # fmt: skip
        assert bps_between(after[0].price, before[-1].price) == pytest.approx(bps, abs=8.0)
        assert all(abs(bps_between(trade.price, after[0].price)) < 40.0 for trade in after)

    def test_no_gap_takes_a_price_to_zero(self, shipped_config: CockpitConfig) -> None:
        events = simulate(shipped_config, 60.0, shocks=[f"gap:XRP:{second}:-9999" for second in range(5)])
        tops = [event for event in events if isinstance(event, Top) and event.asset == "XRP"]
        assert all(0.0 < top.bid < top.ask for top in tops)


class TestOtherConfigs:
    def test_without_setups_and_bands_the_assets_just_stroll(self, shipped_config: CockpitConfig) -> None:
        bare = shipped_config.model_copy(update={"setups": {}, "bands": {}})
        prices = [event.price for event in simulate(bare, 300.0) if isinstance(event, Trade) and event.asset == "BTC"]
        assert bps_between(max(prices), min(prices)) < 40.0

    @pytest.mark.parametrize("kept", ["lower", "upper"])
    def test_bands_on_one_side_are_enough(self, shipped_config: CockpitConfig, kept: str) -> None:
        bands = shipped_config.bands["BTC"]
        one_sided = AssetBands(**{kept: getattr(bands, kept)})
        config = shipped_config.model_copy(update={"bands": {"BTC": one_sided}})
        prices = [event.price for event in simulate(config, 300.0) if isinstance(event, Trade) and event.asset == "BTC"]
        edge = bands.lower[0][1] if kept == "lower" else bands.upper[0][0]
        assert min(prices) < edge < max(prices)

    def test_a_seed_price_outside_its_bands_starts_between_them(self, shipped_config: CockpitConfig) -> None:
        context = shipped_config.market_context.model_copy(update={"prices_usd": {"BTC": 50_000.0}})
        config = shipped_config.model_copy(update={"market_context": context})
        first = next(e for e in SimulatedMarket(config, 3).events() if isinstance(e, Trade) and e.asset == "BTC")
        assert 106_800.0 < first.price < 109_700.0
