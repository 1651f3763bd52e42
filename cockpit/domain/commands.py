"""What an operator, the API or the process itself asks of the engine. Every command names who asked."""

import msgspec

from cockpit.domain.account import EngineMemory
from cockpit.domain.kinds import Mode, Side
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord
from cockpit.domain.verdict import Target


class Command(msgspec.Struct, frozen=True, tag_field="kind"):
    """A request; `command_id` comes back in the answer, `by` says who asked (key, api, cli, engine)."""

    ts_ns: int
    command_id: str
    by: str


class Arm(Command, frozen=True, tag="arm"):
    """Let setups trade. `refusal` is what the host found to stand against it, empty where nothing does."""

    refusal: str = ""
    expires_ns: int | None = None
    """Whoever asked no longer waits after this instant: then it is refused. The same in every command with one."""


class Disarm(Command, frozen=True, tag="disarm"):
    """Stop opening trades; exits keep working. `takes_back_entries` cancels what of the entries has not filled."""

    takes_back_entries: bool = False


class SetMode(Command, frozen=True, tag="set_mode"):
    """Choose paper, test or live. Refused with open trades; disarms. `override_reason` climbs without the evidence."""

    mode: Mode
    override_reason: str = ""
    way_up_open: bool = False
    """Whether the journal shows what the way up asks for; the host looks it up."""
    refusal: str = ""
    """What the host found to stand against this mode (feed, keys, account), empty where nothing does."""
    unread: tuple[str, ...] = ()
    """The real venues of this mode: no entry there before each has told what its account holds."""
    expires_ns: int | None = None


class HaltTrading(Command, frozen=True, tag="halt"):
    """No entries until resumed."""

    reason: str


class Resume(Command, frozen=True, tag="resume"):
    """Clear a halt after review; a reason is required. The engine is disarmed afterwards."""

    reason: str
    expires_ns: int | None = None


class Flatten(Command, frozen=True, tag="flatten"):
    """Close everything, then halt."""

    reason: str


class AcceptBands(Command, frozen=True, tag="accept_bands"):
    """Take the proposed bands of an asset in place of its own until the UTC day ends; only what is proposed by now."""

    asset: str
    proposal_id: str


class Signal(Command, frozen=True, tag="signal"):
    """An outside proposal under a registered name. `amount_usd` is notional.

    `side`, `stop_bps` and `targets` None take the registered ones; a stop may only be narrower. `reason` and
    `confidence` (0..1) are the sender's own words: kept and shown, they decide nothing.
    """

    strategy: str
    asset: str
    amount_usd: float
    mode: Mode
    side: Side | None = None
    signal_id: str | None = None
    expires_ns: int | None = None
    venues: tuple[str, ...] = ()
    stop_bps: float | None = None
    targets: tuple[Target, ...] | None = None
    reason: str = ""
    confidence: float | None = None


class Restore(Command, frozen=True, tag="restore"):
    """Go on where an earlier engine stopped: its account, open trades and their orders, as the journal holds them."""

    memory: EngineMemory
    trades: tuple[TradeRecord, ...]
    orders: tuple[OrderProgress, ...]
    unread: tuple[str, ...] = ()
    """As in `SetMode`."""
    booked: tuple[tuple[str, str], ...] = ()
    """(venue, fill id) of every execution booked since the oldest of these trades: none is ever booked twice."""
    signalled: tuple[TradeRecord, ...] = ()
    """Trades of outside signals that are over: their ids are never traded again."""


AnyCommand = Arm | Disarm | SetMode | HaltTrading | Resume | Flatten | AcceptBands | Signal | Restore
