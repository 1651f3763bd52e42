"""The closed sets of words: sides, modes, states, roles, outcomes. Their values are what the wire and the files say."""

from enum import StrEnum


class Side(StrEnum):
    """The direction of a position or of the trade that opens it."""

    LONG = "long"
    SHORT = "short"

    @property
    def sign(self) -> int:
        """+1 for long, -1 for short."""
        return 1 if self is Side.LONG else -1

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SHORT if self is Side.LONG else Side.LONG


class Mode(StrEnum):
    """Whose money is at stake: nobody's, 100 USD of the operator's, or the hot wallet."""

    PAPER = "paper"
    TEST = "test"
    LIVE = "live"


class EngineState(StrEnum):
    """What the engine may do. Only ARMED opens trades; every state keeps exits working."""

    DISARMED = "disarmed"
    ARMED = "armed"
    STANDING_DOWN = "standing_down"
    HALTED = "halted"
    FLATTENING = "flattening"


class Origin(StrEnum):
    """Where a reading came from; an external one can only tighten, a held one never ages."""

    FEED = "feed"
    CONFIG = "config"
    HELD = "held"
    EXTERNAL = "external"
    SIMULATED = "simulated"


class Layer(StrEnum):
    """The gate's layers in order of evaluation."""

    GLOBAL = "global"
    TACTICAL = "tactical"
    MARKET = "market"
    KILL_SWITCH = "kill_switch"

    @property
    def number(self) -> int:
        """1 to 4."""
        return list(Layer).index(self) + 1


class Outcome(StrEnum):
    """What one check says. BLOCK and NO_DATA deny the trade."""

    PASS = "pass"
    REDUCE = "reduce"
    WARN = "warn"
    BLOCK = "block"
    NO_DATA = "no_data"

    @property
    def denies(self) -> bool:
        """Whether this outcome alone denies a trade."""
        return self in (Outcome.BLOCK, Outcome.NO_DATA)


class OrderRole(StrEnum):
    """What an order is for. Everything but ENTRY is reduce-only."""

    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    CLOSE = "close"


class OrderType(StrEnum):
    """How an order executes: at once, resting at a price, or at market once its trigger trades."""

    MARKET = "market"
    LIMIT = "limit"
    STOP_MARKET = "stop_market"


class OrderStatus(StrEnum):
    """Where an order stands. UNKNOWN means nobody knows yet: it is asked for, never assumed."""

    SENT = "sent"
    WORKING = "working"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """Whether the order can still change."""
        return self in (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED)


class TradePhase(StrEnum):
    """A trade's life in order."""

    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    ABANDONED = "abandoned"
    """The entry never filled: no position was ever held."""


class RiskOf(StrEnum):
    """Whose risk a trade's R is counted in. Journals of 0.1.0 count the base unit's, whatever the trade's size."""

    TRADE = "trade"
    BASE_UNIT = "base_unit"


class ExitReason(StrEnum):
    """Why a trade ended."""

    STOP = "stop"
    BREAKEVEN_STOP = "breakeven_stop"
    TARGETS = "targets"
    TIME_STOP = "time_stop"
    TRAILING_STOP = "trailing_stop"
    MANUAL = "manual"
    """Closed by the operator."""
    INVALIDATED = "invalidated"
    NO_STOP = "no_stop"
    FLATTEN = "flatten"
    VENUE_CLOSES = "venue_closes"
    """Closed before its venue ends a session or goes into maintenance, where the config wants that."""
    OUTSIDE = "outside"
    """Closed by somebody else: by hand, by liquidation, by auto-deleveraging."""


class VenueTopic(StrEnum):
    """What a venue's account may have to say beside orders and positions."""

    KEYS = "keys"
    """The venue refuses our keys: the engine halts."""
    SECOND_WRITER = "second_writer"
    """Somebody else trades this account: the engine halts."""
    UNREAD = "unread"
    """What the account holds is not known right now: no entry there until it is."""
    LEFT_ALONE = "left_alone"
    """The venue turns requests away for a time: no entry there until it is over, exits go on."""
    UNEXPLAINED = "stranger"
    """A position or an order there that is nobody's we know: no entry there until it is gone. Journals have it so."""
    FOREIGN_POSITION = "foreign_position"
    """A position that is not ours and nets with nothing of ours: shown while it is there."""
    FOREIGN_STOP = "foreign_stop"
    """A stop that rests for what is not ours, or why none does."""
    POSITION_UNKNOWN = "position_unknown"
    """A position of ours is not listed and nothing explains it: its stop stays, no entry there until it is clear."""
    NO_STOPS = "no_stops"
    """The venue cannot hold a protective stop there: no entry there."""
    GRID = "grid"
    """The venue has changed its price step or lot there since the session began: no entry there."""
    SESSION = "session"
    """The venue is closed, or about to close: no entry there."""
    CLOSING = "closing"
    """The venue is about to close and the config wants to be out before: trades there are closed at market."""
    FLATTEN = "flatten"
    """A step of the venue's flatten."""
    NOTE = "note"
    """Only said."""

    @property
    def blocks_entries(self) -> bool:
        """Whether no entry may start there while it stands."""
        return self in (
            VenueTopic.KEYS,
            VenueTopic.UNREAD,
            VenueTopic.LEFT_ALONE,
            VenueTopic.UNEXPLAINED,
            VenueTopic.POSITION_UNKNOWN,
            VenueTopic.NO_STOPS,
            VenueTopic.GRID,
            VenueTopic.SESSION,
            VenueTopic.CLOSING,
        )

    @property
    def stands(self) -> bool:
        """Whether it stands until it is said to be over; the others are only said."""
        return self not in (VenueTopic.FLATTEN, VenueTopic.NOTE, VenueTopic.FOREIGN_STOP)

    @property
    def halts(self) -> bool:
        """Whether it halts the engine, until an operator resumes."""
        return self in (VenueTopic.KEYS, VenueTopic.SECOND_WRITER)


class SetupPhase(StrEnum):
    """Where a setup's state machine stands."""

    OFF = "off"
    IDLE = "idle"
    WATCHING = "watching"
    TRIGGERED = "triggered"
    COOLING_DOWN = "cooling_down"


class FeedState(StrEnum):
    """How a feed does. LATE is past its warning age, STALE past its stand-down age."""

    FRESH = "fresh"
    LATE = "late"
    STALE = "stale"
    DOWN = "down"
    OFF = "off"


class Reading(StrEnum):
    """What feeds deliver; `cockpit.market.reading_table` says of each what it is."""

    STREAM = "stream"
    POSITIONING = "positioning"
    FUNDING = "funding"
    OPEN_INTEREST = "open_interest"
    HEALTH_FACTOR = "health_factor"
    PRIORITY_FEE = "priority_fee"
    JITO_TIP = "jito_tip"
    ONCHAIN_PRICE = "onchain_price"
    LIQUIDATION_MAP = "liquidation_map"
