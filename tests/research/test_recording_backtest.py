"""A recording in the place of a store: everything it holds of the market counts, and both engines decide the same."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from cockpit.config.load import load_config
from cockpit.domain.events import Depth, FundingRate, HealthFactor, Liquidation, MarketEvent, Positioning, Top, Trade
from cockpit.domain.kinds import Mode
from cockpit.domain.units import NS_PER_S
from cockpit.feeds.simulated.market import SimulatedMarket
from cockpit.history.checking import days_between
from cockpit.history.errors import HistoryError
from cockpit.history.recording_store import RecordingStore
from cockpit.history.remote_store import store_at
from cockpit.journal.recordings import RecordingHeader, RecordingWriter
from cockpit.research.assumptions import Assumptions
from cockpit.research.backtest import Backtest, run_backtest, summary
from cockpit.research.readings import held_readings, readings_of
from cockpit.research.sweep import data_digest
from tests.conftest import SHIPPED_CONFIG

BEFORE_MIDNIGHT_NS = 1_760_918_200 * NS_PER_S
"""200 s before a UTC day ends: a recording of some minutes is of two days."""
OFTEN = [
    "setups.btc_lower_band_long.reclaim_after_s=5",
    "setups.btc_lower_band_long.failures_to_stand_down=50",
    "limits.losses_until_review=50",
    "limits.losses_until_kill=60",
    "limits.max_trades_per_day=50",
    "capital.hot_wallet_usd=10000",
]


def simulated(path: Path, *, seed: int, lasts_s: int, feed: str = "simulated") -> list[MarketEvent]:
    """A recording of the simulated market with depth and forced orders among it, and what was written."""
    start_ns, written = BEFORE_MIDNIGHT_NS, list[MarketEvent]()
    header = RecordingHeader(
        created_ns=1, origin="engine", source="", config_json="{}", mode=Mode.PAPER, start_ns=start_ns, feed=feed
    )
    with RecordingWriter(path, header) as recording:
        for event in SimulatedMarket(load_config(SHIPPED_CONFIG), seed, start_ns).events():
            if event.ts_ns > start_ns + lasts_s * NS_PER_S:
                break
            written.append(event)
            if isinstance(event, Top) and event.asset == "BTC" and len(written) % 40 == 0:
                bids, asks = ((event.bid, event.bid_qty),), ((event.ask, event.ask_qty),)
                written.append(Depth(event.ts_ns, event.recv_ns, event.venue, "BTC", bids, asks))
                written.append(Liquidation(event.ts_ns, event.recv_ns, event.venue, "BTC", event.bid, 2.0, True))
        for event in written:
            recording.write_input(event)
    return written


def both(path: Path, overrides: Sequence[str], assets: Sequence[str] = ()) -> tuple[Backtest, Backtest]:
    config, store = load_config(SHIPPED_CONFIG, [*OFTEN, *overrides]), RecordingStore(path)
    days = days_between(store, None, None)
    by_event, by_column = (
        run_backtest(store, config, days, Assumptions(), assets=assets, event_by_event=slow) for slow in (True, False)
    )
    return by_event, by_column


@pytest.mark.parametrize("seed", [3, 27])
def test_both_engines_decide_the_same(tmp_path: Path, seed: int) -> None:
    written = simulated(tmp_path / "market.rec", seed=seed, lasts_s=700)
    prices = [event.price for event in written if isinstance(event, Trade) and event.asset == "BTC"]
    low, high = min(prices), max(prices)
    edge = low + 0.3 * (high - low)
    bands = [f"bands.BTC.lower=[[{low - 50:.1f},{edge:.1f}]]", f"bands.BTC.upper=[[{high + 400:.1f},{high + 500:.1f}]]"]
    by_event, by_column = both(tmp_path / "market.rec", bands)
    assert by_column.digest == by_event.digest and by_column.results == by_event.results
    assert by_column.denied_by == by_event.denied_by
    assert by_event.approved + sum(by_event.denied_by.values()) > 0
    assert by_event.days == 2 and by_event.wakes == by_event.events > by_column.wakes
    kinds = {type(event) for event in written}
    assert {Trade, Top, Depth, Liquidation, Positioning, FundingRate, HealthFactor} <= kinds
    assert by_event.recorded_readings == sum(not isinstance(event, Trade | Top) for event in written)
    assert summary(by_event)["sentence"].endswith(
        "the recording is of the simulated market: it proves nothing of one that is traded"
    )


def test_only_the_assets_asked_for_are_played(tmp_path: Path) -> None:
    written = simulated(tmp_path / "market.rec", seed=3, lasts_s=300)
    store, config = RecordingStore(tmp_path / "market.rec"), load_config(SHIPPED_CONFIG)
    days = days_between(store, None, None)
    found = [one for day in days for one in readings_of(store, config, day, ["BTC"])]
    assert {getattr(one, "asset", "") for one in found} == {"", "BTC"}
    both_assets = run_backtest(store, config, days, Assumptions(), assets=["BTC", "ETH"])
    alone = run_backtest(store, config, days, Assumptions(), assets=["BTC"])
    assert 0 < alone.events < both_assets.events < len(written)
    with pytest.raises(HistoryError, match=r"assets: expected some of BTC, .*, was DOGE"):
        run_backtest(store, config, days, Assumptions(), assets=["DOGE"])


def test_what_the_recording_tells_is_not_held(tmp_path: Path) -> None:
    simulated(tmp_path / "market.rec", seed=3, lasts_s=300)
    store, config = store_at(str(tmp_path / "market.rec")), load_config(SHIPPED_CONFIG)
    days = days_between(store, None, None)
    assert held_readings(config, store, days, 0) == []
    nothing = range(days.start - 5, days.start - 4)
    assert {type(one) for one in held_readings(config, store, nothing, 0)} >= {Positioning, FundingRate}


def test_a_recording_is_read_and_never_written(tmp_path: Path) -> None:
    simulated(tmp_path / "one.rec", seed=3, lasts_s=60, feed="live")
    simulated(tmp_path / "other.rec", seed=4, lasts_s=60, feed="live")
    one, other = (RecordingStore(tmp_path / name) for name in ("one.rec", "other.rec"))
    days = days_between(one, None, None)
    assert one.caveat == "" and len(one.series()) > 1
    assert data_digest(one, days) != data_digest(other, days)
    with pytest.raises(HistoryError, match="expected a directory to store in, was a recording"), one.writing():
        pass
    (tmp_path / "none.rec").write_bytes(b"nothing")
    with pytest.raises(HistoryError, match="expected"):
        RecordingStore(tmp_path / "none.rec")
