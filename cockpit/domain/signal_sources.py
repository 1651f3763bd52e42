"""What is known of each registered source of signals: its day, whether it is cut off, and what a screen shows of it."""

import msgspec

from cockpit.domain.intervals import Interval
from cockpit.domain.kinds import ExitReason, Side
from cockpit.domain.verdict import Target


class SourceMemory(msgspec.Struct, frozen=True):
    """One source's day, kept over a restart. Money is USD.

    `proposed_ns` and `refused_ns` are the last minute's proposals and those beyond the limit. `notional_usd` was sent
    today, `realised_usd` came of it, net. `lifted_usd` is what it had realised when an operator last lifted it today:
    the day's loss is counted from there.
    """

    name: str
    utc_day: int
    proposed_ns: tuple[int, ...] = ()
    refused_ns: tuple[int, ...] = ()
    notional_usd: float = 0.0
    realised_usd: float = 0.0
    lifted_usd: float = 0.0
    cut_off: str = ""
    cut_off_ns: int | None = None


class SourceView(msgspec.Struct, frozen=True):
    """One source as a screen shows it. `cut_off` says why nothing of it is taken any more, empty while it is."""

    name: str
    scopes: tuple[str, ...]
    shadow: bool
    cut_off: str
    cut_off_ns: int | None
    proposals_last_minute: int
    proposals_per_minute: int
    notional_usd: float
    notional_limit_usd: float
    open_trades: int
    open_limit: int
    loss_usd: float | None
    loss_limit_usd: float


class SourceCutOff(msgspec.Struct, frozen=True):
    """A source that nothing is taken of until an operator lifts it: why, and since when."""

    source: str
    reason: str
    since_ns: int | None


class PaperTrack(msgspec.Struct, frozen=True):
    """A proposal that was not sent, followed on paper: `hit` targets reached, `left_pct` of it still open.

    `waits_until_ns` is set while its limit entry, at `entry_price`, has not been traded through; one that never is ends
    without an `exit_reason` and without an `r`.

    `denied_by` names the check, empty where the gate approved it (a shadow's, or while disarmed). `realised_bps` is of
    the whole, net of fees once it is over; `r` is that over its stop's distance and fees.
    """

    verdict_id: str
    source: str
    strategy: str
    asset: str
    side: Side
    denied_by: str
    began_ns: int
    ends_ns: int
    entry_price: float
    stop_price: float
    stop_bps: float
    fee_bps: float
    targets: tuple[Target, ...]
    hit: int = 0
    left_pct: float = 100.0
    realised_bps: float = 0.0
    exit_reason: ExitReason | None = None
    r: float | None = None
    waits_until_ns: int | None = None
    hold_ns: int | None = None


class SourceScore(msgspec.Struct, frozen=True):
    """One source under one strategy. `win_rate` is 0..1 of its closed trades, `slippage_bps` their entries' mean.

    `denied_r` is what those would have come to in R that the gate denied, followed on paper to stop, target or time;
    `held_back_r` the same of those it approved that were not sent: a shadow's, or while disarmed.
    """

    source: str
    strategy: str
    proposals: int
    approved: int
    sent: int
    denied_by: dict[str, int]
    closed: int
    win_rate: float | None
    pnl_usd: float
    expectancy_r: Interval
    slippage_bps: float | None
    denied_r: Interval
    denied_followed: int
    held_back_r: Interval
    held_back_followed: int
