"""An attempt to win the band back ends at its 60 s, not at the bar after: the very event past it may begin the next.

The last tests hold the state machine to a plain search through the prints, written from the rules alone.
"""

import gzip
import math
from bisect import bisect_left

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from cockpit.config.context import AssetBands
from cockpit.domain.kinds import SetupPhase
from tests.setups.eth_minutes import OVER_2679_14, OVER_2682_62

NAME = "btc_lower_band_long"
TRIGGER = 106_800.0


@pytest.fixture
def btc(street):
    btc = street(NAME)
    btc.spread(0.0, 3.6)
    btc.trades([(0.5, 108_402.0), (1.0, 106_790.0, -5.0)])
    return btc


def band_street(street_on, config, trigger):
    """A street whose lower band ends at `trigger`, with a premium that never gets old."""
    bands = AssetBands.model_validate({"lower": [[trigger - 10.0, trigger]], "upper": []})
    context = config.market_context.model_copy(update={"funding_bps": {"BTC": {"binance": 2.9, "okx": -0.7}}})
    config = config.model_copy(update={"bands": {"BTC": bands}, "market_context": context})
    return street_on(config, NAME, hold_context=True)


def test_it_asks_to_be_woken_when_the_attempt_is_out_of_time(btc):
    assert btc.setup.due_ns is None
    btc.trade(2.3, 106_810.0)
    assert btc.setup.due_ns == btc.at(62.3)


def test_the_failed_attempt_is_over_at_60_s_although_no_bar_ends(btc):
    btc.trades([(2.3, 106_810.0, 1.0), (3.0, 106_790.0, -9.0), (61.0, 106_790.0, -1.0)])
    btc.tick(62.2)
    assert btc.waiting_for(62.2).startswith("buyers' close above")
    btc.tick(62.3)
    assert btc.waiting_for(62.3).startswith("print back above")


@pytest.mark.parametrize(
    ("last_before", "at_60_s", "waits_for"),
    [
        (106_790.0, 106_810.0, "buyers' close above 106,800.0, by 12:02:02 (not before 12:01:32)"),
        (106_790.0, 106_790.0, "print back above"),
        (106_810.0, 106_790.0, "print back above"),
        (106_810.0, 106_810.0, "flush under"),
    ],
    ids=["the next attempt", "under it still", "the next flush", "nothing"],
)
def test_the_event_that_ends_an_attempt_may_begin_the_next(btc, last_before, at_60_s, waits_for):
    btc.trades([(2.0, 106_810.0, 1.0), (3.0, 106_790.0, -9.0), (61.0, last_before, -1.0), (62.0, at_60_s, 1.0)])
    assert btc.waiting_for(62.0).startswith(waits_for)


def test_a_flush_and_a_print_back_within_the_bar_after_the_failure_are_seen(btc):
    """Failed at 62 s; flushed at 62.5 s, back at 63 s: that attempt is bought at 95 s, 32 s later."""
    btc.trades([(2.0, 106_810.0, 1.0), (3.0, 106_790.0, -9.0), (61.0, 106_810.0, 0.1)])
    btc.trades([(62.5, 106_790.0, -1.0), (63.0, 106_810.0, 2.0)])
    for second in range(64, 95):
        btc.trade(float(second), 106_820.0, 0.1)
    btc.tick(95.0)
    assert btc.proposed_at == [95.0]


def test_the_stand_down_counts_from_the_60_s_and_ends_at_its_instant(btc):
    btc.trades([(2.3, 106_810.0, 1.0), (3.0, 106_790.0, -9.0)])
    btc.trades([(62.4, 106_810.0, 1.0), (63.0, 106_790.0, -9.0)])
    btc.tick(122.4)
    assert btc.phase(122.4) is SetupPhase.COOLING_DOWN
    assert btc.waiting_for(122.4) == "paused 30m00s: 2 reclaims failed within 300 s"
    assert btc.setup.due_ns == btc.at(1_922.4)
    btc.trade(1_922.3, 106_790.0)
    btc.trade(1_922.4, 106_810.0)
    assert btc.waiting_for(1_922.4).startswith("buyers' close above 106,800.0, by ")


def test_a_bar_that_ended_while_it_cooled_down_is_not_looked_at_after(street):
    """The dip guard's bar with buyers ahead ends a second before the cooldown: nothing is bought on it."""
    xrp = street("squeeze_guard.XRP")
    xrp.trades([(1.0, 2.50, 1e5), (14.0, 2.48, -10.0)])
    xrp.tick(15.0)
    xrp.setup.opened(xrp.at(15.0))
    xrp.setup.closed(xrp.at(16.0))
    assert xrp.setup.due_ns == xrp.at(76.0)
    xrp.trades([(59.0, 2.48, -10.0), (61.0, 2.48, 20.0)])
    xrp.tick(77.0)
    assert xrp.proposals == []


class TestEthOf20240808:
    """The same minutes as the real BTC capture, at two levels of the ETH perpetual."""

    def walk(self, street_on, bare_config, trigger, prints):
        eth = band_street(street_on, bare_config, trigger)
        for at_s, price, qty in prints:
            if qty:
                eth.trade(at_s, price, qty)
        return eth

    def test_over_2679_14_it_is_bought_at_23_58_55(self, street_on, bare_config):
        eth = self.walk(street_on, bare_config, 2_679.14, OVER_2679_14)
        (proposed, _), *_ = eth.proposals
        assert math.floor(proposed) == 4 * 60 + 55

    def test_over_2682_62_it_stands_down(self, street_on, bare_config):
        eth = self.walk(street_on, bare_config, 2_682.62, OVER_2682_62)
        assert eth.proposals == []
        assert eth.phase(OVER_2682_62[-1][0]) is SetupPhase.COOLING_DOWN


def first_reclaim(prints, trigger):
    """(when bought or None, when the stand-down began or None), by searching the prints: no state, no waking up."""
    times = [at_s for at_s, _, _ in prints]
    failures: list[float] = []
    at = next((i for i, (_, price, _) in enumerate(prints) if price < trigger), None)
    while at is not None:
        start = next((i for i in range(at, len(prints)) if prints[i][1] > trigger), None)
        if start is None:
            return None, None
        begun = times[start]
        for end in range(math.ceil((begun + 30.0) / 5.0) * 5, math.floor((begun + 60.0) / 5.0) * 5 + 1, 5):
            first, after = bisect_left(times, end - 5.0), bisect_left(times, float(end))
            is_heard = after < len(times) and times[after] <= begun + 65.0
            delta = sum(qty for _, _, qty in prints[start:after])
            if first < after and is_heard and prints[after - 1][1] > trigger and delta > 1e-6:
                return float(end), None
        failed = begun + 60.0
        failures.append(failed)
        if len(failures) > 1 and failures[-1] - failures[-2] <= 300.0:
            return None, failed
        after = bisect_left(times, failed)
        if after == len(times):
            return None, None
        if prints[after - 1][1] < trigger:
            at = after
        else:
            at = next((i for i in range(after, len(prints)) if prints[i][1] < trigger), None)
    return None, None


def agreed(btc, prints, trigger):
    """Walk the prints and hold every step to the search."""
    bought, stood_down = first_reclaim(prints, trigger)
    for at_s, price, qty in prints:
        btc.trade(at_s, price, qty)
        if btc.proposals or btc.setup.status(btc.at(at_s)).phase is SetupPhase.COOLING_DOWN:
            break
    last_bar = btc.market.assets["BTC"].last_bars(5, 1)
    assert ((last_bar[0].end_ns - btc.at(0.0)) / 1e9 if btc.proposals else None) == bought
    if btc.setup.status(btc.at(at_s)).phase is SetupPhase.COOLING_DOWN:
        assert stood_down is not None and btc.waiting_for(stood_down).startswith("paused 3")
        assert btc.setup.due_ns == btc.at(stood_down + 1_800.0)
    elif stood_down is not None:
        assert at_s < stood_down
    return "bought" if bought else "stood down" if stood_down else "neither"


steps_ms = st.sampled_from([1, 40, 400, 900, 2_500, 3_300, 4_000, 4_999, 5_000, 7_500])
prices = st.sampled_from([TRIGGER - 8.0, TRIGGER - 0.1, TRIGGER, TRIGGER + 0.1, TRIGGER + 9.0])
quantities = st.sampled_from([3.0, 1.0, 0.5, -0.5, -1.0, -3.0])


def test_whatever_the_prints_it_is_bought_and_stood_down_when_a_plain_search_says(bare_config, street_on):
    @given(st.lists(st.tuples(steps_ms, prices, quantities), min_size=30, max_size=120))
    def walk(moves):
        at_ms, prints = 0, []
        for step_ms, price, qty in moves:
            at_ms += step_ms
            prints.append((at_ms / 1_000.0, price, qty))
        btc = band_street(street_on, bare_config, TRIGGER)
        event(agreed(btc, prints, TRIGGER))

    walk()


def test_every_level_of_six_real_minutes_is_bought_when_a_plain_search_says(bare_config, street_on, real_data_dir):
    path = real_data_dir / "usdm_btcusdt_20240808.gz"
    if not path.is_file():
        pytest.skip(f"real capture not found: expected {path}")
    prints = real_prints(path)
    levels = [61_500.05 + 12.5 * step for step in range(32)]
    outcomes = [agreed(band_street(street_on, bare_config, level), prints, level) for level in levels]
    assert {"bought", "stood down", "neither"} == set(outcomes)


def real_prints(path):
    """The capture's prints in the order they were received, seconds after noon as the street counts them."""
    prints, latest_ms = [], 0
    with gzip.open(path, "rb") as lines:
        for line in lines:
            if b"@trade" in line:
                data = msgspec.json.decode(line.partition(b" ")[2])["data"]
                latest_ms = max(latest_ms, data["T"])
                signed = float(data["q"]) * (-1.0 if data["m"] else 1.0)
                prints.append((latest_ms % 10_000_000 / 1_000.0, float(data["p"]), signed))
    return prints
