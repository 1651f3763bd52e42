"""The kinds of history that are stored: their columns with the units in the names, their order, their gaps.

Stamps are ns since the epoch. `ts_ns` is when a row happened (for a window: its label), `known_ns` when anybody could
know it: a backtest shows a row to the engine at `known_ns`, never before. Where there is no `known_ns`, a row was known
when it happened.
"""

from typing import NamedTuple

import pyarrow as pa

STAMP = "ts_ns"
KNOWN = "known_ns"
_INT, _FLOAT, _BOOL = pa.int64(), pa.float64(), pa.bool_()


class Kind(NamedTuple):
    """One kind. Rows are in the order of `key` (one or two columns), which no two rows share.

    `step_s` is the distance of rows on a grid, 0 where there is none. `silence_s` is how long nothing may come before
    it counts as a gap, within a day and at its edges. `counts_on` says that the first key column rises by one.
    """

    name: str
    columns: tuple[tuple[str, pa.DataType], ...]
    key: tuple[str, ...]
    silence_s: float
    step_s: float = 0.0
    counts_on: bool = False
    step_hours_in: str = ""
    """A column that says how many hours before its row the row before it was."""
    above_zero: tuple[str, ...] = ()
    in_order: tuple[str, str] | None = None
    """Two columns of which the first may not be above the second: bid and ask."""

    @property
    def schema(self) -> pa.Schema:
        return pa.schema(list(self.columns))

    @property
    def longest_step_s(self) -> float:
        """How far two neighbours may be apart before it counts as a gap."""
        return 1.5 * self.step_s if self.step_s else self.silence_s


_PRINT = (("ts_ns", _INT), ("price_usd", _FLOAT), ("qty_coins", _FLOAT), ("taker_is_buyer", _BOOL))
_TOP = (("bid_usd", _FLOAT), ("bid_coins", _FLOAT), ("ask_usd", _FLOAT), ("ask_coins", _FLOAT))
_PRINT_POSITIVE = ("price_usd", "qty_coins")
_TOP_POSITIVE = ("bid_usd", "bid_coins", "ask_usd", "ask_coins")
_ARRIVAL = (("recv_ns", _INT), ("arrival", _INT))
QUIET_S = 300.0

TRADES = Kind("trades", (("trade_id", _INT), *_PRINT), ("trade_id",), QUIET_S, above_zero=_PRINT_POSITIVE)
AGG_TRADES = Kind(
    "agg_trades",
    (("agg_trade_id", _INT), *_PRINT, ("first_trade_id", _INT), ("last_trade_id", _INT)),
    ("agg_trade_id",),
    QUIET_S,
    counts_on=True,
    above_zero=_PRINT_POSITIVE,
)
TOPS = Kind(
    "tops",
    (("update_id", _INT), ("ts_ns", _INT), ("known_ns", _INT), *_TOP),
    ("update_id",),
    QUIET_S,
    above_zero=_TOP_POSITIVE,
    in_order=("bid_usd", "ask_usd"),
)
DEPTH_BANDS = Kind(
    "depth_bands",
    (("ts_ns", _INT), ("band_pct", _FLOAT), ("depth_coins", _FLOAT), ("depth_usd", _FLOAT)),
    ("ts_ns", "band_pct"),
    120.0,
)
POSITIONING = Kind(
    "positioning",
    (
        ("ts_ns", _INT),
        ("known_ns", _INT),
        ("open_interest_coins", _FLOAT),
        ("open_interest_usd", _FLOAT),
        ("top_account_long_short_ratio", _FLOAT),
        ("top_position_long_short_ratio", _FLOAT),
        ("account_long_short_ratio", _FLOAT),
        ("taker_buy_sell_ratio", _FLOAT),
    ),
    ("ts_ns",),
    900.0,
    step_s=300.0,
)
FUNDING = Kind(
    "funding",
    (("ts_ns", _INT), ("interval_h", _FLOAT), ("rate_ratio", _FLOAT)),
    ("ts_ns",),
    8 * 3600.0 + 60.0,
    step_hours_in="interval_h",
)
PREMIUM = Kind(
    "premium",
    (
        ("ts_ns", _INT),
        ("known_ns", _INT),
        ("open_ratio", _FLOAT),
        ("high_ratio", _FLOAT),
        ("low_ratio", _FLOAT),
        ("close_ratio", _FLOAT),
    ),
    ("ts_ns",),
    QUIET_S,
    step_s=60.0,
)
TICKERS = Kind(
    "tickers",
    (
        ("update_id", _INT),
        ("ts_ns", _INT),
        ("known_ns", _INT),
        ("mark_usd", _FLOAT),
        ("index_usd", _FLOAT),
        ("funding_rate_ratio", _FLOAT),
        ("interval_h", _FLOAT),
        ("open_interest_coins", _FLOAT),
    ),
    ("update_id",),
    QUIET_S,
)
"""The running funding rate, mark and index as a venue told them; what a row does not say is empty."""
LIQUIDATIONS = Kind(
    "liquidations",
    (
        ("liquidation_id", _INT),
        ("ts_ns", _INT),
        ("known_ns", _INT),
        ("price_usd", _FLOAT),
        ("qty_coins", _FLOAT),
        ("long_liquidated", _BOOL),
    ),
    ("liquidation_id",),
    86_400.0,
    above_zero=_PRINT_POSITIVE,
)
"""Forced orders; `long_liquidated` is the position that was closed. A quiet day has none: silence is no gap."""
RECORDED_TRADES = Kind(
    "recorded_trades",
    (*_ARRIVAL, ("trade_id", _INT), *_PRINT),
    ("recv_ns", "arrival"),
    QUIET_S,
    above_zero=_PRINT_POSITIVE,
)
RECORDED_TOPS = Kind(
    "recorded_tops", (*_ARRIVAL, ("ts_ns", _INT), *_TOP), ("recv_ns", "arrival"), QUIET_S, above_zero=_TOP_POSITIVE
)

KINDS = {
    kind.name: kind
    for kind in (
        TRADES,
        AGG_TRADES,
        TOPS,
        DEPTH_BANDS,
        POSITIONING,
        FUNDING,
        PREMIUM,
        TICKERS,
        LIQUIDATIONS,
        RECORDED_TRADES,
        RECORDED_TOPS,
    )
}
