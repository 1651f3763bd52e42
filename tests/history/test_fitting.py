"""A market made with known figures, stored, and fitted: the figures come back."""

import math
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FundingRate, Liquidation, MarketEvent, Positioning, Top, Trade
from cockpit.domain.kinds import Side
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.feeds.simulated.market import SimulatedMarket
from cockpit.feeds.simulated.paths import ForcedBursts
from cockpit.feeds.simulated.profile import (
    AssetProfile,
    Draw,
    FairPath,
    ForcedOrders,
    Jumps,
    Profile,
    ProfileError,
    Reverting,
    Together,
    read_profile,
)
from cockpit.history.day_files import About, DayWriter, put_in_place
from cockpit.history.errors import HistoryError
from cockpit.history.fitting import fit_profile, forced_of, jumps_of, profile_lines
from cockpit.history.kinds import FUNDING, LIQUIDATIONS, POSITIONING, RECORDED_TOPS, RECORDED_TRADES, Kind
from cockpit.history.store import Series, Store, day_of

DAY = day_of("2024-08-08")
START_NS = DAY * NS_PER_DAY
SPAN_S = 5_400
MADE = Profile(
    first="2024-08-08",
    last="2024-08-08",
    assets={
        "BTC": AssetProfile(
            0.9, 14.0, 2.5, 2.5, 0.4, 900.0, 250_000.0, forced=ForcedOrders(24.0, 4.0, 1.5, 30_000.0, 0.8)
        ),
        "ETH": AssetProfile(1.6, 9.0, 5.0, 5.0, 1.2, 300.0, 90_000.0),
    },
    correlation=[[1.0, 0.7], [0.7, 1.0]],
    funding_bps={"BTC": {"binance": Reverting(0.8, 0.5, 40_000.0)}},
    short_pct={"BTC": Reverting(46.0, 2.5, 3_600.0)},
)


def write(store: Store, venue: str, asset: str, kind: Kind, day: int, columns: dict[str, list[object]]) -> None:
    path = store.path(Series(venue, asset, kind), day)
    part = DayWriter(path.with_suffix(".part"), kind)
    rows = len(next(iter(columns.values())))
    filled = {name: columns.get(name, [1.0] * rows) for name, _ in kind.columns}
    part.write(pa.Table.from_pydict(filled, schema=kind.schema))
    part.close(About(symbol="", rows=rows, sources=[], covered=[], gap_count=0, gaps=[]))
    put_in_place(part.path, path)


def market(config: CockpitConfig, profile: Profile, seed: int = 5) -> Iterator[MarketEvent]:
    end_ns = START_NS + SPAN_S * NS_PER_S
    events = SimulatedMarket(config, seed, START_NS, profile=profile).events()
    return takewhile(lambda event: event.ts_ns < end_ns, events)


def reverting_values(how: Reverting, step_s: float, count: int, seed: int) -> list[float]:
    numbers, kept = np.random.default_rng(seed), 0.5 ** (step_s / how.half_life_s)
    values = [how.mean]
    for shock in numbers.normal(0.0, how.deviation * math.sqrt(1.0 - kept * kept), count - 1):
        values.append(how.mean + (values[-1] - how.mean) * kept + shock)
    return values


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, shipped_config: CockpitConfig) -> Store:
    """An hour and a half of prints and tops, and sixty days of readings."""
    store = Store(tmp_path_factory.mktemp("made") / "store")
    events = list(market(shipped_config, MADE))
    for asset in MADE.assets:
        prints = [one for one in events if isinstance(one, Trade) and one.asset == asset]
        tops = [one for one in events if isinstance(one, Top) and one.asset == asset]
        venue = prints[0].venue
        trades: dict[str, list[object]] = {
            "recv_ns": [one.ts_ns for one in prints], "arrival": list(range(len(prints))),
            "trade_id": [one.trade_id for one in prints], "ts_ns": [one.ts_ns for one in prints],
            "price_usd": [one.price for one in prints], "qty_coins": [one.qty for one in prints],
            "taker_is_buyer": [one.taker_is_buyer for one in prints],
        }  # fmt: skip
        write(store, venue, asset, RECORDED_TRADES, DAY, trades)
        books: dict[str, list[object]] = {
            "recv_ns": [one.ts_ns for one in tops], "arrival": list(range(len(tops))),
            "ts_ns": [one.ts_ns for one in tops],
            "bid_usd": [one.bid for one in tops], "bid_coins": [one.bid_qty for one in tops],
            "ask_usd": [one.ask for one in tops], "ask_coins": [one.ask_qty for one in tops],
        }  # fmt: skip
        write(store, venue, asset, RECORDED_TOPS, DAY, books)
        forced = [one for one in events if isinstance(one, Liquidation) and one.asset == asset]
        if MADE.assets[asset].forced is not None:
            orders: dict[str, list[object]] = {
                "liquidation_id": list(range(len(forced))), "ts_ns": [one.ts_ns for one in forced],
                "known_ns": [one.ts_ns for one in forced], "price_usd": [one.price for one in forced],
                "qty_coins": [one.qty for one in forced],
                "long_liquidated": [one.long_liquidated for one in forced],
            }  # fmt: skip
            write(store, venue, asset, LIQUIDATIONS, DAY, orders)
    shorts = iter(reverting_values(MADE.short_pct["BTC"], 300.0, 60 * 288, 1))
    rates = iter(reverting_values(MADE.funding_bps["BTC"]["binance"], 8 * 3_600.0, 60 * 3, 2))
    for day in range(DAY, DAY + 60):
        stamps: list[object] = [day * NS_PER_DAY + n * 300 * NS_PER_S for n in range(288)]
        ratios: list[object] = [100.0 / next(shorts) - 1.0 for _ in stamps]
        write(
            store, "binance", "BTC", POSITIONING, day,
            {"ts_ns": stamps, "known_ns": stamps, "account_long_short_ratio": ratios},
        )  # fmt: skip
        paid: list[object] = [day * NS_PER_DAY + n * 8 * 3_600 * NS_PER_S for n in range(3)]
        write(
            store, "binance", "BTC", FUNDING, day,
            {"ts_ns": paid, "interval_h": [8.0] * 3, "rate_ratio": [next(rates) / 1e4 for _ in paid]},
        )  # fmt: skip
    return store


@pytest.fixture(scope="module")
def fitted(store: Store, shipped_config: CockpitConfig) -> Profile:
    return fit_profile(store, shipped_config, range(DAY, DAY + 60))


@pytest.mark.parametrize("asset", ["BTC", "ETH"])
def test_known_figures_of_an_asset_come_back(fitted: Profile, asset: str) -> None:
    was, found = MADE.assets[asset], fitted.assets[asset]
    assert found.volatility_bps == pytest.approx(was.volatility_bps, rel=0.1)
    assert found.arrivals_per_s == pytest.approx(was.arrivals_per_s, rel=0.1)
    assert found.burst_heat == pytest.approx(was.burst_heat, rel=0.3)
    assert found.burst_memory_s == pytest.approx(was.burst_memory_s, rel=0.3)
    assert found.spread_bps == pytest.approx(was.spread_bps, rel=0.1)
    assert found.print_usd == pytest.approx(was.print_usd, rel=0.1)
    assert found.top_usd == pytest.approx(was.top_usd, rel=0.1)


def test_the_forced_orders_of_the_store_are_fitted(fitted: Profile) -> None:
    was, found = MADE.assets["BTC"].forced, fitted.assets["BTC"].forced
    assert was is not None and found is not None
    assert found.bursts_per_hour == pytest.approx(was.bursts_per_hour, rel=0.5)
    assert found.order_usd == pytest.approx(was.order_usd, rel=0.25)
    assert fitted.assets["ETH"].forced is None


def test_bursts_of_forced_orders_come_where_the_price_goes_far_and_come_back() -> None:
    how, step_s, steps = ForcedOrders(30.0, 3.0, 2.0, 10_000.0, 0.5), 0.2, 200_000
    bursts, path, rng = ForcedBursts(Random(3), how), FairPath(100.0, 2.0, Jumps(10.0, 15.0)), Random(4)
    stamps, sizes, sides, strains = [], [], set(), []
    for step in range(steps):
        before = path.price
        path.step(step_s, Draw(rng.gauss(0.0, 1.0), rng.random()))
        found = bursts.due(step_s, path.strain, path.price < before)
        assert all(0.0 <= one.after_s < step_s and one.notional_usd > 0.0 for one in found)
        stamps += [int((step * step_s + one.after_s) * NS_PER_S) for one in found]
        sizes += [one.notional_usd for one in found]
        sides |= {one.side for one in found}
        strains += [path.strain] * len(found)
    assert sides == {Side.LONG, Side.SHORT}
    assert np.mean(strains) > 2.0
    again = forced_of([(np.array(stamps), np.array(sizes))], steps * step_s)
    assert again is not None
    assert again.bursts_per_hour == pytest.approx(how.bursts_per_hour, rel=0.2)
    assert again.orders == pytest.approx(how.orders, rel=0.2)
    assert again.gap_s == pytest.approx(how.gap_s, rel=0.15)
    assert again.order_usd == pytest.approx(how.order_usd, rel=0.1)
    assert again.spread == pytest.approx(how.spread, rel=0.1)
    assert forced_of([(np.array(stamps[:5]), np.array(sizes[:5]))], 60.0) is None


def walked(volatility_bps: float, jumps: Jumps | None, hours: float, seed: int) -> np.ndarray:
    """Returns over ten seconds of a fitted price."""
    path, rng, prices = FairPath(60_000.0, volatility_bps, jumps), Random(seed), [60_000.0]
    for step in range(1, int(hours * 3_600) + 1):
        path.step(1.0, Draw(rng.gauss(0.0, 1.0), rng.random()))
        if step % 10 == 0:
            prices.append(path.price)
    return np.diff(np.log(prices))


@pytest.mark.parametrize("made", [Jumps(4.0, 25.0), Jumps(20.0, 12.0)], ids=["rare", "often"])
def test_fat_tails_come_back(made: Jumps) -> None:
    returns = walked(1.2, made, 80.0, 7)
    found = jumps_of(returns, 10.0)
    assert found is not None
    assert found.per_hour == pytest.approx(made.per_hour, rel=0.3)
    assert found.size_bps == pytest.approx(made.size_bps, rel=0.2)
    again = walked(float(np.std(returns)) * 1e4 / math.sqrt(10.0), found, 80.0, 8)
    assert np.std(again) == pytest.approx(np.std(returns), rel=0.1)
    assert weight(again) == pytest.approx(weight(returns), rel=0.4) and weight(returns) > 3.0


def weight(returns: np.ndarray) -> float:
    """The excess kurtosis."""
    off = returns - returns.mean()
    return float((off**4).mean() / (off**2).mean() ** 2 - 3.0)


def test_a_price_that_only_walks_has_no_tails() -> None:
    assert jumps_of(walked(1.2, None, 60.0, 9), 10.0) is None
    assert jumps_of(np.zeros(100), 10.0) is None


def test_jumps_have_no_drift_and_come_to_all_assets_at_once(shipped_config: CockpitConfig) -> None:
    jumps = Jumps(60.0, 40.0)
    ends = [float(np.exp(walked(2.0, jumps, 0.5, seed).sum())) for seed in range(300)]
    assert abs(np.mean(ends) - 1.0) < 2.6 * np.std(ends) / math.sqrt(len(ends))
    assets = {name: msgspec.structs.replace(one, jumps=jumps) for name, one in MADE.assets.items()}
    together = Together(Random(1), Random(2), Random(3), Profile("", "", assets, MADE.correlation))
    assert len({draw.luck for draw in together.drawn().values()}) == 1


def test_correlation_and_readings_come_back(fitted: Profile) -> None:
    assert fitted.correlation[1][0] == pytest.approx(0.7, abs=0.08)
    for was, found, memory in (
        (MADE.short_pct["BTC"], fitted.short_pct["BTC"], 0.3),
        (MADE.funding_bps["BTC"]["binance"], fitted.funding_bps["BTC"]["binance"], 0.6),
    ):
        assert found.mean == pytest.approx(was.mean, abs=0.5 * was.deviation)
        assert found.deviation == pytest.approx(was.deviation, rel=0.25)
        assert found.half_life_s == pytest.approx(was.half_life_s, rel=memory)


def test_the_simulated_readings_are_as_fitted(shipped_config: CockpitConfig) -> None:
    hasty = Profile(
        first="", last="", assets=MADE.assets, correlation=MADE.correlation,
        funding_bps={"BTC": {"binance": Reverting(0.8, 0.5, 120.0)}}, short_pct={"BTC": Reverting(46.0, 2.5, 120.0)},
    )  # fmt: skip
    events = list(market(shipped_config, hasty))
    shorts = [one.short_pct for one in events if isinstance(one, Positioning) and one.asset == "BTC"]
    rates = [
        one.rate_bps_8h
        for one in events
        if isinstance(one, FundingRate) and (one.asset, one.venue) == ("BTC", "binance")
    ]
    assert np.mean(shorts) == pytest.approx(46.0, abs=2.0) and np.std(shorts) == pytest.approx(2.5, rel=0.5)
    assert np.mean(rates) == pytest.approx(0.8, abs=0.4) and np.std(rates) == pytest.approx(0.5, rel=0.5)


def test_a_fitted_price_has_no_drift(shipped_config: CockpitConfig) -> None:
    """What nobody can foresee nobody earns: over many seeds the mean way is none."""
    ways = []
    for seed in range(60):
        prices = [
            one.price
            for one in takewhile(
                lambda event: event.ts_ns < START_NS + 120 * NS_PER_S,
                SimulatedMarket(shipped_config, seed, START_NS, profile=MADE).events(),
            )
            if isinstance(one, Trade) and one.asset == "BTC"
        ]
        ways.append((prices[-1] / prices[0] - 1.0) * 1e4)
    assert abs(np.mean(ways)) < 2.6 * np.std(ways) / math.sqrt(len(ways))
    assert np.std(ways) == pytest.approx(0.9 * math.sqrt(120.0), rel=0.3)


def test_the_lines_and_the_file(fitted: Profile, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(msgspec.json.encode(fitted))
    assert read_profile(path) == fitted
    lines = "\n".join(profile_lines(fitted))
    assert "times an hour" in lines and "forced orders of about" in lines
    assert "BTC: too short to tell whether volatility lasts: 1.5 h of prints, expected 48" in lines
    assert "BTC: 1 day," in lines and "ETH with BTC: correlation +0." in lines and "BTC funding on binance" in lines


def test_what_cannot_be_used_is_one_line(shipped_config: CockpitConfig, tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="expected a profile of `cockpit history fit`"):
        read_profile(tmp_path / "none.json")
    (tmp_path / "other.json").write_text('{"first": ""}')
    with pytest.raises(ProfileError, match=r"expected a profile of .*missing required field"):
        read_profile(tmp_path / "other.json")
    impossible = Profile("", "", MADE.assets, [[1.0, 1.2], [1.2, 1.0]])
    with pytest.raises(ProfileError, match="expected a correlation that assets can have"):
        Together(Random(1), Random(2), Random(3), impossible)
    with pytest.raises(HistoryError, match="expected at least 30 steps of 10 s with a print on both sides from"):
        fit_profile(Store(tmp_path), shipped_config, range(DAY, DAY + 1))
