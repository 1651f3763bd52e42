"""The session's account: what the day has cost and earned, and what stands in the way of the next trade."""

import msgspec

from cockpit.domain.bands import AcceptedBands
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.personal_alarms import AlarmLevel
from cockpit.domain.signal_sources import PaperTrack, SourceMemory


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
    """The account of one mode. Everything here survives a restart. A session's counts and results are its UTC day's.

    `realised_usd` is today's, net, and so is `session_r` in R. `day_open_usd` is the open P&L that was carried into
    this day: the day's loss is counted from there. `equity_peak_usd` is the session's highest realised + open on
    today's scale (0 is where the day began): a drawdown goes over midnight with it, only a new peak or an operator's
    review ends one.
    """

    utc_day: int
    session_started_ns: int
    realised_usd: float = 0.0
    day_open_usd: float = 0.0
    session_r: float = 0.0
    equity_peak_usd: float = 0.0
    max_drawdown_usd: float = 0.0
    trades_today: int = 0
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
    signal_ids: tuple[str, ...] = ()
    other_accounts: tuple[tuple[Mode, Account], ...] = ()
    """The day's accounts of the other modes: going back to a mode goes on with its losses."""
    accepted_bands: tuple[AcceptedBands, ...] = ()
    """The bands that stand in place of the config's for the rest of their UTC day."""
    alarms: tuple[AlarmLevel, ...] = ()
    """The operator's own that have not rung yet."""
    sources: tuple[SourceMemory, ...] = ()
    """What each registered source of signals has used of its limits, and which are cut off."""
    paper_tracks: tuple[PaperTrack, ...] = ()
    """The proposals that were not sent and are still followed on paper."""
