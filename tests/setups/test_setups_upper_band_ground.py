"""BTC upper-band short: what takes the ground from a trade. 50 USD above the band's upper edge is 110,050."""

import math

import pytest

from cockpit.domain.events import MarkPrice
from cockpit.domain.kinds import Mode, Side, TradePhase
from cockpit.domain.trades import TradeRecord
from tests.setups.upper_band_stage import NAME, begun, proposed

TRADE = TradeRecord(
    trade_id="t1",
    verdict_id="v1",
    setup=NAME,
    asset="BTC",
    venue="okx",
    side=Side.SHORT,
    mode=Mode.PAPER,
    phase=TradePhase.OPEN,
    decided_ns=0,
    decision_price=109_650.0,
    asked_qty=0.001,
    stop_bps=30.0,
    initial_stop_price=109_979.0,
    risk_usd=0.1,
    requested_usd=20.75,
    notional_usd=20.75,
    size_factor=1.0,
)


@pytest.fixture
def btc(street):
    return begun(street)


class TestInvalidation:
    """50 USD above the band's upper edge is 110,050."""

    @pytest.fixture
    def trading(self, btc):
        proposed(btc)
        btc.setup.opened(btc.at(45.1))
        return btc

    def verdict(self, btc, at_s):
        return btc.setup.invalidated(TRADE, btc.at(at_s))

    def test_60_s_held_above_is_the_end(self, trading):
        trading.trades([(50.0, 110_050.1), (80.0, 110_090.0)])
        assert self.verdict(trading, 109.9) is None
        assert self.verdict(trading, 110.0) == "held 60 s above 110,050.0 (50 USD over the band), limit 60 s"

    def test_at_the_limit_is_not_above_it(self, trading):
        trading.trades([(50.0, 110_050.0), (80.0, 110_050.0)])
        assert self.verdict(trading, 200.0) is None

    @pytest.mark.parametrize("dip", [110_050.0, 110_049.9, 109_000.0])
    def test_one_print_back_starts_the_count_anew(self, trading, dip):
        trading.trades([(50.0, 110_060.0), (100.0, dip), (101.0, 110_060.0)])
        assert self.verdict(trading, 160.9) is None
        assert self.verdict(trading, 161.0) is not None

    def test_what_held_while_the_entry_filled_counts(self, btc):
        proposed(btc)
        btc.trade(50.0, 110_060.0)
        btc.setup.opened(btc.at(51.0))
        assert self.verdict(btc, 110.0) is not None

    def test_it_shows_how_long_it_has_held(self, trading):
        ground = "or 180 s of rising basis (one-minute medians)"
        assert trading.waiting_for(46.0) == (f"in trade since 12:00:45; out after 60 s above 110,050.0, {ground}")
        trading.trade(50.0, 110_060.0)
        assert trading.waiting_for(62.0).endswith(f"60 s above 110,050.0, 12 s so far, {ground}")

    def test_the_next_trade_does_not_inherit_the_count(self, trading):
        trading.trade(50.0, 110_060.0)
        trading.setup.closed(trading.at(60.0))
        trading.setup.opened(trading.at(200.0))
        assert self.verdict(trading, 300.0) is None

    def marks(self, btc, from_s, basis_bps):
        """A mark every second, its basis told by `basis_bps(second)`; returns when the setup was first invalidated."""
        quotes = btc.market.assets["BTC"]
        for second in range(from_s, from_s + 400):
            btc.tick(float(second))
            if self.verdict(btc, float(second)) is not None:
                return second
            ts_ns = btc.at(float(second))
            mark = 109_600.0 * (1 + basis_bps(second - from_s) / 10_000)
            quotes.on_mark(MarkPrice(ts_ns, ts_ns, "binance", "BTC", mark, 109_600.0))
        return None

    @pytest.mark.parametrize(
        ("what", "basis_bps", "ends_from_to_s"),
        [
            ("rising", lambda second: second * 0.01, (180, 190)),
            (
                "rising, with lower samples",
                lambda second: second * 0.01 - (0.5 if second % 35 == 4 else 0.0),
                (180, 190),
            ),
            ("flat, then rising", lambda second: max(0.0, second - 120) * 0.01, (120 + 150, 120 + 190)),
            ("flat", lambda second: 1.0, None),
            ("to and fro", lambda second: math.sin(second / 20), None),
            ("rising for 90 s, then flat", lambda second: min(second, 90) * 0.01, None),
            ("falling", lambda second: -second * 0.01, None),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_basis_rising_for_3_minutes_is_the_end(self, trading, what, basis_bps, ends_from_to_s):
        ended_s = self.marks(trading, 50, basis_bps)
        assert (ended_s is None) is (ends_from_to_s is None), ended_s
        if ends_from_to_s is not None:
            assert ends_from_to_s[0] <= ended_s - 50 <= ends_from_to_s[1]
            words = self.verdict(trading, float(ended_s))
            assert words.startswith("perp basis rising for 180 s: its one-minute medians were ")
