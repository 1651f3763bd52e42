"""Where liquidations happened and where they are estimated to wait, as clusters by price."""

import csv
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_events import START_NS, at

from cockpit.config.model import CockpitConfig
from cockpit.config.sources import LeverageShare, LiquidationMapSection
from cockpit.domain.events import Liquidation, LiquidationCluster, LiquidationMap
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.market.clusters import ForcedOrders, Liquidations, Mass, PriceBins, clusters_of
from cockpit.market.leverage_map import InterestBar, LeverageMap, estimate, liquidation_price
from cockpit.market.reading_store import ReadingStore

RULES = LiquidationMapSection()
HALF_LIFE_S = RULES.half_life_s


def forced(seconds: float, price: float, qty: float = 1.0, longs: bool = True, asset: str = "BTC") -> Liquidation:
    return Liquidation(at(seconds), at(seconds), "binance", asset, price, qty, longs)


def total_usd(clusters: tuple[LiquidationCluster, ...]) -> float:
    return sum(cluster.notional_usd for cluster in clusters)


class TestObserved:
    def test_orders_at_one_price_are_one_cluster_counted_by_notional(self) -> None:
        orders = ForcedOrders(RULES)
        for qty in (1.0, 2.0, 0.5):
            orders.add(forced(0, 100_000.0, qty))
        [cluster] = orders.clusters(at(0))
        assert cluster == LiquidationCluster(100_000.0, 100_000.0, 350_000.0, "observed", 3, True)

    def test_prices_far_apart_are_two_clusters_and_longs_are_not_shorts(self) -> None:
        orders = ForcedOrders(RULES)
        orders.add(forced(0, 100_000.0))
        orders.add(forced(0, 102_000.0))
        orders.add(forced(0, 102_000.0, longs=False))
        assert [(cluster.price_low, cluster.longs) for cluster in orders.clusters(at(0))] == [
            (100_000.0, True),
            (102_000.0, True),
            (102_000.0, False),
        ]

    def test_the_notional_halves_every_half_life(self) -> None:
        orders = ForcedOrders(RULES)
        orders.add(forced(0, 100_000.0))
        for lives, usd in ((0, 100_000.0), (1, 50_000.0), (2, 25_000.0)):
            assert total_usd(orders.clusters(at(lives * HALF_LIFE_S))) == pytest.approx(usd)
        orders.add(forced(2 * HALF_LIFE_S, 100_000.0))
        [cluster] = orders.clusters(at(2 * HALF_LIFE_S))
        assert (cluster.notional_usd, cluster.count) == (pytest.approx(125_000.0), 2)
        assert orders.clusters(at(20 * HALF_LIFE_S)) == ()

    def test_one_that_comes_late_fades_from_its_own_time(self) -> None:
        orders = ForcedOrders(RULES)
        orders.add(forced(HALF_LIFE_S, 100_000.0))
        orders.add(forced(0, 100_000.0))
        assert total_usd(orders.clusters(at(HALF_LIFE_S))) == pytest.approx(150_000.0)

    @pytest.mark.parametrize(("price", "qty"), [(0.0, 1.0), (-1.0, 1.0), (100.0, 0.0), (float("nan"), 1.0)])
    def test_what_is_no_order_counts_for_nothing(self, price: float, qty: float) -> None:
        orders = ForcedOrders(RULES)
        orders.add(forced(0, price, qty))
        assert orders.clusters(at(0)) == ()

    def test_a_new_order_shows_at_once(self) -> None:
        orders = ForcedOrders(RULES)
        orders.add(forced(0, 100_000.0))
        before = total_usd(orders.clusters(at(1)))
        orders.add(forced(1, 100_000.0))
        assert total_usd(orders.clusters(at(1))) > 1.9 * before

    def test_real_forced_orders_make_real_clusters(self, real_data_dir: Path) -> None:
        books: dict[str, ForcedOrders] = {}
        usd: dict[tuple[str, bool], float] = {}
        with (real_data_dir / "binance_usdm_liquidations_20260106.csv").open() as file:
            for row in csv.DictReader(file):
                symbol, longs = row["symbol"], row["order_side"] == "SELL"
                ts_ns = int(row["ts_ms"]) * NS_PER_MS
                order = Liquidation(ts_ns, ts_ns, "binance", symbol, float(row["price"]), float(row["qty"]), longs)
                books.setdefault(symbol, ForcedOrders(RULES)).add(order)
                usd[symbol, longs] = usd.get((symbol, longs), 0.0) + float(row["notional_usd"])
                last_ns = ts_ns
        btc = books["BTCUSDT"].clusters(last_ns)
        assert sum(cluster.count for cluster in btc) <= 63
        for longs in (True, False):
            side = [cluster for cluster in btc if cluster.longs is longs]
            assert len(side) <= RULES.max_clusters
            # Nothing is older than 1 h 45 min: at most a fifth has faded.
            true_usd = usd.get(("BTCUSDT", longs), 0.0)
            assert 0.6 * true_usd <= sum(cluster.notional_usd for cluster in side) <= true_usd
        assert all(90_000 < cluster.price_low <= cluster.price_high < 97_000 for cluster in btc)
        assert all(cluster.price_high / cluster.price_low < 1.01 for cluster in btc)


class TestClusters:
    bins = PriceBins(5.0)

    @given(price=st.floats(1e-4, 1e6))
    def test_a_price_lies_in_its_bin(self, price: float) -> None:
        index = self.bins.index(price)
        assert self.bins.low(index) <= price * (1 + 1e-9)
        assert price <= self.bins.low(index + 1) * (1 + 1e-9)

    def test_a_price_of_nothing_has_no_bin(self) -> None:
        with pytest.raises(ValueError, match="expected a price above 0, was 0"):
            self.bins.index(0.0)

    masses = st.dictionaries(st.integers(0, 120), st.floats(1.0, 1e6), min_size=1, max_size=40)

    @given(masses=masses, sigma=st.sampled_from([0.0, 1.0, 2.0]))
    def test_clusters_hold_every_bin_once(self, masses: dict[int, float], sigma: float) -> None:
        filled = {index: Mass(usd, 1, self.bins.low(index), self.bins.low(index + 1)) for index, usd in masses.items()}
        found = clusters_of(filled, "observed", True, sigma, 1_000)
        assert sum(cluster.count for cluster in found) == len(masses)
        assert sum(cluster.notional_usd for cluster in found) == pytest.approx(sum(masses.values()))
        for before, after in pairwise(found):
            assert before.price_high <= after.price_low * (1 + 1e-9)

    def test_of_many_the_largest_are_shown_in_order_of_price(self) -> None:
        filled = {index: Mass(float(usd), 1, index, index) for index, usd in ((0, 5), (40, 9), (80, 7), (120, 1))}
        found = clusters_of(filled, "observed", True, 1.0, 2)
        assert [cluster.notional_usd for cluster in found] == [9.0, 7.0]


def bar(number: int, interest: float, price: float = 100_000.0, low: float = 0.0, high: float = 0.0) -> InterestBar:
    return InterestBar(number * 300 * NS_PER_S, interest, price, low or price, high or price)


ONE_LEVERAGE = LiquidationMapSection(leverages=[LeverageShare(leverage=10, share=1.0)], within_pct=20)


class TestEstimated:
    def test_liquidation_prices_of_10x(self) -> None:
        assert liquidation_price(100_000, 10, 0.5, True) == pytest.approx(90_452, abs=1)
        assert liquidation_price(100_000, 10, 0.5, False) == pytest.approx(109_453, abs=1)

    def test_a_rise_of_interest_opens_both_sides_by_the_assumed_shares(self) -> None:
        drawn = LeverageMap(RULES)
        drawn.add(bar(0, 1_000.0))
        drawn.add(bar(1, 1_100.0))
        assert sum(drawn.longs.values()) == pytest.approx(100.0)
        assert sum(drawn.shorts.values()) == pytest.approx(100.0)
        assert sorted(drawn.longs.values()) == pytest.approx([10, 10, 25, 25, 30])
        assert drawn.explained_pct == pytest.approx(100 * 100 / 1_100)

    def test_a_fall_of_interest_thins_everything(self) -> None:
        drawn = LeverageMap(RULES)
        for number, interest in enumerate((1_000.0, 1_100.0, 550.0)):
            drawn.add(bar(number, interest))
        assert sum(drawn.longs.values()) == pytest.approx(50.0)

    def test_a_price_that_goes_there_liquidates(self) -> None:
        drawn = LeverageMap(ONE_LEVERAGE)
        drawn.add(bar(0, 1_000.0))
        drawn.add(bar(1, 1_100.0))
        drawn.add(bar(2, 1_100.0, low=90_600.0))
        assert sum(drawn.longs.values()) == pytest.approx(100.0)
        drawn.add(bar(3, 1_100.0, low=90_400.0))
        assert drawn.longs == {}
        assert sum(drawn.shorts.values()) == pytest.approx(100.0)
        drawn.add(bar(4, 1_100.0, high=109_500.0))
        assert drawn.shorts == {}

    def test_clusters_are_labelled_estimated_and_lie_where_they_should(self) -> None:
        drawn = estimate([bar(0, 1_000.0), bar(1, 1_100.0)], ONE_LEVERAGE)
        below, above = drawn.clusters
        assert (below.kind, below.longs, below.count) == ("estimated", True, 0)
        assert below.price_low <= 90_452 <= below.price_high
        assert below.notional_usd == pytest.approx(100 * 90_452, rel=1e-3)
        assert above.price_low <= 109_453 <= above.price_high

    def test_only_what_is_near_the_price_is_shown(self) -> None:
        assert estimate([bar(0, 1_000.0), bar(1, 1_100.0)], RULES).clusters
        near = LiquidationMapSection(leverages=ONE_LEVERAGE.leverages, within_pct=5)
        assert estimate([bar(0, 1_000.0), bar(1, 1_100.0)], near).clusters == ()

    @pytest.mark.parametrize("nothing", [[], [bar(0, 1_000.0)], [bar(0, 0.0), bar(1, 100.0)]])
    def test_without_a_change_there_is_nothing(self, nothing: list[InterestBar]) -> None:
        assert estimate(nothing, RULES) == ((), 0.0)

    steps = st.lists(st.tuples(st.floats(1.0, 1e5), st.floats(50_000, 150_000), st.floats(0, 0.1)), max_size=40)

    @given(steps=steps)
    def test_no_side_ever_holds_more_than_the_open_interest(self, steps: list[tuple[float, float, float]]) -> None:
        drawn = LeverageMap(RULES)
        for number, (interest, price, reach) in enumerate(steps):
            drawn.add(bar(number, interest, price, price * (1 - reach), price * (1 + reach)))
            assert sum(drawn.longs.values()) <= interest * (1 + 1e-9)
            assert sum(drawn.shorts.values()) <= interest * (1 + 1e-9)
        assert 0.0 <= drawn.explained_pct <= 100.0


class TestTogether:
    @pytest.fixture
    def readings(self, shipped_config: CockpitConfig) -> ReadingStore:
        return ReadingStore(shipped_config.assets, (), (), 0.0)

    @pytest.fixture
    def book(self, shipped_config: CockpitConfig, readings: ReadingStore) -> Liquidations:
        return Liquidations(shipped_config, shipped_config.assets, readings)

    @staticmethod
    def a_map(seconds: float, price: float = 99_000.0, explained_pct: float = 40.0) -> LiquidationMap:
        cluster = LiquidationCluster(price, price + 50, 1e6, "estimated", 0, True)
        return LiquidationMap(at(seconds), "BTC", "binance", (cluster,), explained_pct)

    def test_observed_and_estimated_stand_side_by_side(self, book: Liquidations, readings: ReadingStore) -> None:
        book.on_forced_order(forced(0, 99_500.0))
        readings.take(self.a_map(0))
        kinds = [cluster.kind for cluster in book.clusters("BTC", 100_000.0, at(0))]
        assert kinds == ["estimated", "observed"]
        assert book.explained_pct("BTC", at(0)) == 40.0

    def test_far_from_the_price_nothing_is_shown(self, book: Liquidations) -> None:
        book.on_forced_order(forced(0, 99_500.0))
        assert book.clusters("BTC", 110_000.0, at(0)) == ()
        assert len(book.clusters("BTC", None, at(0))) == 1

    def test_a_map_past_its_age_is_gone(
        self, book: Liquidations, shipped_config: CockpitConfig, readings: ReadingStore
    ) -> None:
        limit_s = shipped_config.feeds.liquidation_map.stand_down_after_s
        readings.take(self.a_map(0))
        assert book.explained_pct("BTC", at(limit_s)) == 40.0
        assert book.explained_pct("BTC", at(limit_s + 1)) is None
        assert book.clusters("BTC", None, at(limit_s + 1)) == ()

    def test_an_older_map_does_not_replace_a_newer(self, book: Liquidations, readings: ReadingStore) -> None:
        readings.take(self.a_map(300, explained_pct=50.0))
        readings.take(self.a_map(0, explained_pct=10.0))
        assert book.explained_pct("BTC", at(300)) == 50.0

    def test_assets_the_config_does_not_name_are_ignored(self, book: Liquidations, readings: ReadingStore) -> None:
        book.on_forced_order(forced(0, 1.0, asset="DOGE"))
        readings.take(LiquidationMap(START_NS, "DOGE", "binance", (), 0.0))
        assert all(book.clusters(asset, None, at(0)) == () for asset in ("BTC", "ETH", "SOL", "XRP"))
