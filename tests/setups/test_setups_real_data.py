"""Six real minutes of BTCUSDT: the patterns our rules call a reclaim and a lower high, found where they happened."""

import gzip
from datetime import UTC, datetime

import msgspec
import pytest

from cockpit.config.context import AssetBands
from cockpit.domain.events import Top, Trade
from cockpit.domain.kinds import Outcome, SetupPhase, Side
from cockpit.domain.units import NS_PER_MS, utc_text

CAPTURE = "usdm_btcusdt_20240808.gz"
BANDS = {"lower": [[61_600.0, 61_620.0]], "upper": [[61_825.0, 61_900.0]]}
START_NS = int(datetime(2024, 8, 8, 23, 54, 15, tzinfo=UTC).timestamp()) * 10**9


@pytest.fixture(scope="module")
def capture(real_data_dir):
    """Trades and tops as events, in the order they were received."""
    path = real_data_dir / CAPTURE
    if not path.is_file():
        pytest.skip(f"real capture not found: expected {path}")
    events = []
    with gzip.open(path, "rb") as lines:
        for line in lines:
            if b"@trade" in line or b"@bookTicker" in line:
                received, _, body = line.partition(b" ")
                events.append(event_of(int(received), msgspec.json.decode(body)["data"]))
    return events


def event_of(recv_ns, data):
    ts_ns = data["T"] * NS_PER_MS
    if data["e"] == "trade":
        return Trade(ts_ns, recv_ns, "binance", "BTC", float(data["p"]), float(data["q"]), not data["m"], data["t"])
    bid, bid_qty, ask, ask_qty = (float(data[key]) for key in "bBaA")
    return Top(ts_ns, recv_ns, "binance", "BTC", bid, bid_qty, ask, ask_qty)


@pytest.fixture(scope="module")
def bands_config(shipped_config):
    bands = AssetBands.model_validate(BANDS)
    return shipped_config.model_copy(update={"bands": {"BTC": bands}})


def walk(street, events):
    """The setup along the capture; every change of what it waits for, and its proposals, with their UTC times."""
    quotes, setup = street.market.assets["BTC"], street.setup
    proposals, phases = [], []
    now_ns = street.start_ns
    for event in events:
        now_ns = max(now_ns, event.ts_ns)
        for asset, bar in street.market.close_bars(now_ns):
            proposal = setup.take_bar(asset, bar, now_ns) if asset == "BTC" else None
            if proposal is not None:
                proposals.append((utc_text(bar.end_ns), proposal))
        if isinstance(event, Top):
            quotes.on_top(event)
            continue
        quotes.on_trade(event)
        low, high = setup.fences("BTC")
        if event.price < low or event.price > high:
            before = setup.status(now_ns)
            setup.take_price("BTC", now_ns, event.price)
            after = setup.status(now_ns)
            if before.waiting_for.split(" (")[0] != after.waiting_for.split(" (")[0]:
                phases.append((utc_text(now_ns), after.waiting_for))
    return proposals, phases


def test_the_reclaim_of_23_58_is_bought(capture, bands_config, street_on):
    btc = street_on(bands_config, "btc_lower_band_long", start_ns=START_NS, hold_context=True)
    proposals, phases = walk(btc, capture)
    at, proposal = proposals[0]
    assert (at, proposal.side) == ("2024-08-08T23:58:55.000Z", Side.LONG)
    assert "2024-08-08T23:58:22.622Z" in [begun for begun, words in phases if words.startswith("buyers' close above")]
    assert len(proposals) == 1
    assert btc.setup.status(capture[-1].ts_ns).phase is SetupPhase.TRIGGERED


def test_the_lower_high_of_23_55_is_sold(capture, bands_config, street_on):
    btc = street_on(bands_config, "btc_upper_band_short", start_ns=START_NS, hold_context=True)
    proposals, _ = walk(btc, capture)
    at, proposal = proposals[0]
    assert (at, proposal.side) == ("2024-08-08T23:55:30.000Z", Side.SHORT)
    assert len(proposals) == 1


def test_the_crowded_shorts_of_the_held_context_deny_the_short(capture, bands_config, street_on):
    btc = street_on(bands_config, "btc_upper_band_short", start_ns=START_NS, hold_context=True)
    walk(btc, capture)
    outcomes = {check.name: check.outcome for check in btc.setup.guards(capture[-1].ts_ns)}
    assert outcomes["setup_short_pct"] is Outcome.BLOCK
    assert outcomes["setup_funding_spread"] is Outcome.BLOCK
