"""The session's account: what the day has cost and earned, and what stands in the way of the next trade."""

import msgspec

from cockpit.domain.kinds import EngineState, Mode


class Halt(msgspec.Struct, frozen=True):
    """Why no entry may start until an operator resumes."""

    ts_ns: int
    cause: str
    sentence: str


class StandDown(msgspec.Struct, frozen=True):
    """A cause that forbids entries until it clears by itself. `scope` is "all" or one asset or setup."""

    cause: str
    scope: str
    since_ns: int
    sentence: str


class Account(msgspec.Struct, frozen=True):
    """The session account of one UTC day. Everything here survives a restart.

    `realised_usd` is today's, net. `day_open_usd` is the open P&L that was carried into this day: the day's loss is
    counted from there. `equity_peak_usd` is the highest realised + open since the session began (0 at its start).
    `session_usd` is realised since the session began and does not roll over. `session_r` is today's net R.
    """

    utc_day: int
    session_started_ns: int
    realised_usd: float = 0.0
    day_open_usd: float = 0.0
    session_usd: float = 0.0
    session_r: float = 0.0
    equity_peak_usd: float = 0.0
    max_drawdown_usd: float = 0.0
    trades_today: int = 0
    session_trades: int = 0
    consecutive_losses: int = 0
    losses_since_review: int = 0
    fees_usd: float = 0.0
    halt: Halt | None = None


class EngineMemory(msgspec.Struct, frozen=True):
    """What the engine must remember beside the account and the open trades to go on counting where it stopped."""

    mode: Mode
    state: EngineState
    account: Account
    next_verdict: int
    next_trade: int
    next_order: int
    signal_ids: tuple[str, ...] = ()
    other_accounts: tuple[tuple[Mode, Account], ...] = ()
    """The day's accounts of the other modes: going back to a mode goes on with its losses."""
