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
from cockpit.domain.events import FundingRate, MarketEvent, Positioning, Top, Trade
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.feeds.simulated.market import SimulatedMarket
from cockpit.feeds.simulated.profile import AssetProfile, Profile, ProfileError, Reverting, Together, read_profile
from cockpit.history.day_files import About, DayWriter, put_in_place
from cockpit.history.errors import HistoryError
from cockpit.history.fitting import fit_profile, profile_lines
from cockpit.history.kinds import FUNDING, POSITIONING, RECORDED_TOPS, RECORDED_TRADES, Kind
from cockpit.history.store import Series, Store, day_of

DAY = day_of("2024-08-08")
START_NS = DAY * NS_PER_DAY
SPAN_S = 5_400
MADE = Profile(
    first="2024-08-08",
    last="2024-08-08",
    assets={
        "BTC": AssetProfile(0.9, 14.0, 2.5, 2.5, 0.4, 900.0, 250_000.0),
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
    assert "BTC: 1 day," in lines and "ETH with BTC: correlation +0." in lines and "BTC funding on binance" in lines


def test_what_cannot_be_used_is_one_line(shipped_config: CockpitConfig, tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="expected a profile of `cockpit history fit`"):
        read_profile(tmp_path / "none.json")
    (tmp_path / "other.json").write_text('{"first": ""}')
    with pytest.raises(ProfileError, match=r"expected a profile of .*missing required field"):
        read_profile(tmp_path / "other.json")
    impossible = Profile("", "", MADE.assets, [[1.0, 1.2], [1.2, 1.0]])
    with pytest.raises(ProfileError, match="expected a correlation that assets can have"):
        Together(Random(1), impossible)
    with pytest.raises(HistoryError, match="expected 300 s of prints"):
        fit_profile(Store(tmp_path), shipped_config, range(DAY, DAY + 1))
