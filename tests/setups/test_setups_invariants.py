"""Whatever the market and the engine do: no setup raises, proposes out of turn, or proposes on the wrong side."""

import math

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from cockpit.domain.events import FundingRate, JitoTip, MarkPrice, PriorityFee
from cockpit.domain.kinds import SetupPhase, Side
from cockpit.domain.units import bps_between

COOLDOWN_S = 60.0
PRICES = {
    "btc_lower_band_long": [106_780.0, 106_799.9, 106_800.0, 106_810.0, 106_820.0, 108_000.0],
    "btc_upper_band_short": [109_650.0, 109_690.0, 109_700.0, 109_750.0, 109_800.0, 110_060.0],
    "sol_fee_fade": [190.0, 199.9, 200.0, 200.1, 210.0],
    "squeeze_guard.XRP": [2.5, 2.49, 2.48, 2.47, 2.4],
}
PATTERNS = {
    "btc_lower_band_long": [(1.0, 106_790.0, -1.0), (1.0, 106_810.0, 5.0), *[(5.0, 106_820.0, 0.1)] * 11],
    "btc_upper_band_short": [(1.0, 109_800.0, 1.0), *[(7.0, 109_690.0, -1.0)] * 8],
    "sol_fee_fade": [(1.0, 200.0, 1e3), (1.0, 210.0, 0.01)],
    "squeeze_guard.XRP": [(1.0, 2.5, 1e3), (15.0, 2.48, -9e3), (15.0, 2.47, 1.0), (15.0, 2.47, 1.0)],
}
"""What each setup waits for, as prints (pause, price, quantity); anything may come in between."""
NO_PRICES = [0.0, -1.0, math.nan, math.inf, 1e-12, 1e15]

pauses = st.sampled_from([0.0, 0.001, 1.0, 4.0, 7.0, 7.0, 14.0, 31.0, 100.0, 700.0, 200_000.0])
quantities = st.sampled_from([5.0, 1.0, 1.0, 0.001, -0.5, -1.0, -9.0])
fees = st.sampled_from([0.0, 900.0, 1_000.0, 1_000.0, 2_900.0, 5_000.0, 50_000.0, math.nan, math.inf])
news = st.sampled_from(["denied", "not_sent", "closed", "opened"])


def steps(name):
    prices = st.sampled_from(PRICES[name] * 4 + NO_PRICES)
    return st.lists(
        st.one_of(
            st.tuples(st.just("trade"), pauses, prices, quantities),
            st.tuples(st.just("pattern"), pauses, st.integers(1, len(PATTERNS[name]))),
            st.tuples(st.just("pattern"), pauses, st.just(len(PATTERNS[name]))),
            st.tuples(st.just("price"), pauses, prices),
            st.tuples(st.just("tick"), pauses),
            st.tuples(st.just("fee"), st.just(10.0), fees),
            st.tuples(st.just("tip"), pauses, fees),
            st.tuples(st.just("funding"), pauses, st.sampled_from([3.6, 0.2, -1.0, math.nan])),
            st.tuples(st.just("mark"), pauses, prices),
            st.tuples(st.just("news"), pauses, news),
            st.tuples(st.just("ask"), pauses, st.sampled_from([0.0, 60.0, 1e7])),
        ),
        min_size=5,
        max_size=60,
    )


class Watched:
    """A street that checks every proposal as it is made."""

    def __init__(self, street):
        self.street = street
        self.now_s = 0.0
        self.may_propose_from_s = 0.0
        self.is_busy = False
        self.seen = 0

    def take(self, step):
        kind, pause_s, *rest = step
        self.now_s += pause_s
        getattr(self, kind)(*rest)
        self.judge()

    def judge(self):
        street = self.street
        for at_s, proposal in street.proposals[self.seen :]:
            assert not self.is_busy, "proposed while its last proposal was still open"
            assert at_s >= self.may_propose_from_s, "proposed while cooling down"
            assert street.setup.status(street.at(at_s)).phase is SetupPhase.TRIGGERED
            assert 0.0 < proposal.decision_price < math.inf
            assert proposal.side is street.setup.side
            self.judge_side(proposal)
            self.is_busy = True
        self.seen = len(street.proposals)

    def judge_side(self, proposal):
        name = self.street.setup.name
        if name == "btc_upper_band_short":
            assert proposal.side is Side.SHORT
        elif name == "sol_fee_fade":
            quotes = self.street.market.assets["SOL"]
            over_bps = bps_between(quotes.price, quotes.session_vwap)
            assert abs(over_bps) > 5
            assert proposal.side is (Side.SHORT if over_bps > 0 else Side.LONG)
        else:
            assert proposal.side is Side.LONG
        if name == "btc_lower_band_long":
            assert proposal.decision_price > 106_800.0

    def trade(self, price, qty):
        self.street.trade(self.now_s, price, qty)

    def pattern(self, length):
        """The first prints of what it waits for; for the fee fade also the shock and, at full length, its fall."""
        name = self.street.setup.name
        for pause_s, price, qty in PATTERNS[name][:length]:
            self.take(("trade", pause_s, price, qty))
        if name == "sol_fee_fade":
            self.take(("fee", 1.0, 50_000.0))
        if name == "sol_fee_fade" and length == len(PATTERNS[name]):
            self.take(("fee", 1.0, 1_000.0))

    def price(self, price):
        self.street.tick(self.now_s)
        self.judge()
        assert self.street.setup.take_price(self.street.setup.asset, self.street.at(self.now_s), price) is None

    def tick(self):
        self.street.tick(self.now_s)

    def fee(self, fee):
        self.street.read(self.now_s, PriorityFee, fee)

    def tip(self, tip):
        self.street.read(self.now_s, JitoTip, tip)

    def funding(self, spread_bps):
        self.street.read(self.now_s, FundingRate, "BTC", "binance", spread_bps)
        self.street.read(self.now_s, FundingRate, "BTC", "okx", 0.0)

    def mark(self, price):
        ts_ns = self.street.at(self.now_s)
        quotes = self.street.market.assets[self.street.setup.asset]
        quotes.on_mark(MarkPrice(ts_ns, ts_ns, quotes.watch, quotes.asset, price, 100.0))

    def news(self, news):
        self.street.tick(self.now_s)
        self.judge()
        getattr(self.street.setup, news)(self.street.at(self.now_s))
        if news == "opened":
            self.is_busy = True
        elif self.is_busy:
            self.is_busy = False
            self.may_propose_from_s = self.now_s + COOLDOWN_S

    def ask(self, ahead_s):
        setup, now_ns = self.street.setup, self.street.at(self.now_s + ahead_s)
        assert setup.status(now_ns).waiting_for
        assert setup.intent(now_ns).setup == setup.name
        assert all(check.sentence for check in setup.guards(now_ns))


@pytest.mark.parametrize("name", PRICES)
def test_no_sequence_makes_a_setup_raise_or_propose_out_of_turn(bare_config, street_on, name):
    @given(steps(name))
    def walk(sequence):
        watched = Watched(street_on(bare_config, name))
        watched.funding(3.6)
        for at_s in range(0, 70, 10):
            watched.street.read(float(at_s), PriorityFee, 1_000.0)
        watched.now_s = 70.0
        for step in sequence:
            watched.take(step)
        event(f"proposals: {min(watched.seen, 3)}")

    walk()
