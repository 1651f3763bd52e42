"""Sources of signals as a screen may meet them: one that is taken, a shadow, and one that is cut off."""

from cockpit.domain.intervals import Interval
from cockpit.domain.signal_sources import SourceScore, SourceView

AT_NS = 1_760_882_525_000_000_000
TAKEN = SourceView(
    "desk-model", ("look", "propose"), False, "", None, 3, 6, 120.0, 300.0, 1, 1, 1.2, 5.0,
)  # fmt: skip
SHADOW = SourceView("night-owl", ("look", "propose"), True, "", None, 0, 6, 0.0, 500.0, 0, 1, 0.0, 10.0)
CUT_OFF = SourceView(
    "chart", ("look", "propose"), False, "cut off: it lost 5.20 USD today, limit 5.00", AT_NS,
    6, 6, 280.0, 300.0, 1, 1, None, 5.0,
)  # fmt: skip
SOURCES = (TAKEN, CUT_OFF, SHADOW)
SCORES = (
    SourceScore(
        source="chart", strategy="Momentum Signal", proposals=41, approved=12, sent=11,
        denied_by={"short_pct": 20, "trades_today": 9}, closed=9, win_rate=3 / 9, pnl_usd=-1.23,
        expectancy_r=Interval(-0.42, -0.81, -0.03), slippage_bps=0.8, denied_r=Interval(-0.3, -0.9, 0.3),
        denied_followed=18, held_back_r=Interval(0.4), held_back_followed=1,
    ),
    SourceScore(
        source="desk-model", strategy="Cross-Exchange Arbitrage", proposals=3, approved=0, sent=0,
        denied_by={"spread": 3}, closed=0, win_rate=None, pnl_usd=0.0, expectancy_r=Interval(), slippage_bps=None,
        denied_r=Interval(), denied_followed=0, held_back_r=Interval(), held_back_followed=0,
    ),
    SourceScore(
        source="api", strategy="Momentum Signal", proposals=2, approved=2, sent=2, denied_by={}, closed=2,
        win_rate=1.0, pnl_usd=0.2, expectancy_r=Interval(0.5, 0.1, 0.9), slippage_bps=-0.2, denied_r=Interval(),
        denied_followed=0, held_back_r=Interval(), held_back_followed=0,
    ),
)  # fmt: skip
