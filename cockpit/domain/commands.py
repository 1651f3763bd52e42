"""What an operator, the API or the process itself asks of the engine. Every command names who asked."""

import msgspec

from cockpit.domain.account import EngineMemory
from cockpit.domain.kinds import Mode, Side
from cockpit.domain.orders import OrderProgress
from cockpit.domain.personal_alarms import AlarmLevel
from cockpit.domain.trades import TradeRecord, Trail
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
    `confidence` (0..1) are the sender's own words: kept and shown, they decide nothing. `source` is the registered
    source it came from, empty for any other caller; its ids begin with its name. `limit_price` makes the entry a limit
    order that waits `limit_within_s` at the most; `stop_price` is another way to name the stop; `hold_s` closes it.
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
    source: str = ""
    limit_price: float | None = None
    limit_within_s: float | None = None
    stop_price: float | None = None
    hold_s: float | None = None


class CutOffSource(Command, frozen=True, tag="cut_off_source"):
    """Take nothing more of a source of signals until it is lifted."""

    source: str
    reason: str


class LiftSource(Command, frozen=True, tag="lift_source"):
    """Take the signals of a cut-off source again, after a review; a reason is required."""

    source: str
    reason: str


class ManualEntry(msgspec.Struct, frozen=True):
    """A trade that a person wants. Without a size it is one base unit; without a stop or targets the template's.

    At most one of `amount_usd`, `units` (multiples of the base unit) and `risk_usd` (lost at a full stop, fees
    included), and one of `stop_bps`, `stop_price` and `stop_of` (a setup's). A limit waits `within_s` at the most, and
    with `post_only` never takes. An empty `venue` is where the asset trades, an empty `template` the config's default.
    """

    asset: str
    side: Side
    amount_usd: float | None = None
    units: float | None = None
    risk_usd: float | None = None
    stop_bps: float | None = None
    stop_price: float | None = None
    stop_of: str = ""
    limit_price: float | None = None
    within_s: float | None = None
    post_only: bool = False
    template: str = ""
    targets: tuple[Target, ...] | None = None
    hold_s: float | None = None
    venue: str = ""
    mode: Mode | None = None
    """Refused in another mode than this; None takes the engine's."""
    reason: str = ""


class Enter(Command, frozen=True, tag="enter"):
    """Propose a trade by hand. The same `request_id` is never traded twice: it gets the same answer."""

    entry: ManualEntry
    request_id: str | None = None
    expires_ns: int | None = None


class CloseTrade(Command, frozen=True, tag="close_trade"):
    """Leave at market, reduce-only: all of it, or a `share` of what is open. Never gated, done in every state."""

    trade_id: str
    share: float = 1.0
    reason: str = ""
    request_id: str | None = None


class MoveStop(Command, frozen=True, tag="move_stop"):
    """Move a trade's stop to a `price`, so many bps of the entry nearer, or `to_entry` and fees: exactly one of them.

    Only nearer than it is: anything else is refused.
    """

    trade_id: str
    price: float | None = None
    tighter_bps: float | None = None
    to_entry: bool = False
    request_id: str | None = None


class TrailStop(Command, frozen=True, tag="trail_stop"):
    """Let a trade's stop follow the price at a distance; without one it stays where it is from now on."""

    trade_id: str
    distance: Trail | None = None
    request_id: str | None = None


class SetTargets(Command, frozen=True, tag="set_targets"):
    """Other targets for what is open of a trade, in bps of its entry; none leave it to its stop."""

    trade_id: str
    targets: tuple[Target, ...] = ()
    request_id: str | None = None


class SetTimeStop(Command, frozen=True, tag="set_time_stop"):
    """Close a trade at market so many seconds from now; None takes its time stop away."""

    trade_id: str
    after_s: float | None = None
    request_id: str | None = None


class CancelTradeOrder(Command, frozen=True, tag="cancel_trade_order"):
    """Take a resting entry or target back. A stop is never cancelled: it is moved, or its trade is closed."""

    order_id: str
    request_id: str | None = None


class Reverse(Command, frozen=True, tag="reverse"):
    """Close a trade, and once it is flat put the other side of it before the gate, sized and stopped as `entry` says.

    The entry expires like any other, counted from when it is asked for.
    """

    trade_id: str
    entry: ManualEntry
    request_id: str | None = None
    expires_ns: int | None = None


class Adopt(Command, frozen=True, tag="adopt"):
    """Make a position on our account that is not ours a trade of ours, with a stop on the venue and a ladder."""

    venue: str
    asset: str
    template: str = ""
    stop_bps: float | None = None
    stop_price: float | None = None
    request_id: str | None = None
    expires_ns: int | None = None


class SetAlarm(Command, frozen=True, tag="set_alarm"):
    """Ring when a level is passed, once; with an action that sheds risk where it names one."""

    alarm: AlarmLevel
    request_id: str | None = None


class DropAlarm(Command, frozen=True, tag="drop_alarm"):
    """Take an alarm away by its id, or all of them where it is empty."""

    alarm_id: str = ""
    request_id: str | None = None


HandsOn = (
    Enter
    | CloseTrade
    | MoveStop
    | TrailStop
    | SetTargets
    | SetTimeStop
    | CancelTradeOrder
    | Reverse
    | Adopt
    | SetAlarm
    | DropAlarm
)
"""What a person asks for between the setups' own doings."""


SHED_RISK = (
    CutOffSource,
    Disarm,
    HaltTrading,
    Flatten,
    CloseTrade,
    MoveStop,
    TrailStop,
    SetTargets,
    SetTimeStop,
    CancelTradeOrder,
)
"""What never opens risk: done in every state, and by an engine that is ending too."""
OPEN_RISK = (Arm, SetMode, Resume, Signal, Enter, Reverse, Adopt)
"""What may open risk: refused when it comes after its `expires_ns`."""


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


AnyCommand = (
    Arm
    | Disarm
    | SetMode
    | HaltTrading
    | Resume
    | Flatten
    | AcceptBands
    | Signal
    | CutOffSource
    | LiftSource
    | HandsOn
    | Restore
)
