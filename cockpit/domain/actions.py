"""What the engine decides: requests to venues, and facts for the journal, the log and the screen."""

import msgspec

from cockpit.domain.account import EngineMemory, Halt, StandDown
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.orders import OrderProgress, OrderRequest
from cockpit.domain.signal_sources import PaperTrack
from cockpit.domain.trades import TradeRecord
from cockpit.domain.verdict import Verdict


class Action(msgspec.Struct, frozen=True, tag_field="kind"):
    """A decision, stamped with the engine's time."""

    ts_ns: int


class PlaceOrder(Action, frozen=True, tag="place_order"):
    """Send this order to its venue."""

    order: OrderRequest


class CancelOrder(Action, frozen=True, tag="cancel_order"):
    """Cancel what is left of this order."""

    order_id: str
    venue: str
    asset: str


class QueryOrder(Action, frozen=True, tag="query_order"):
    """Ask the venue what became of this order."""

    order_id: str
    venue: str
    asset: str


class QueryPosition(Action, frozen=True, tag="query_position"):
    """Ask the venue what position it holds; it answers with a `VenuePosition`."""

    venue: str
    asset: str


class AdoptPosition(Action, frozen=True, tag="adopt_position"):
    """So much of what is held there, signed base coins, is ours from now on: it was somebody else's doing before."""

    venue: str
    asset: str
    qty: float


class FlattenVenues(Action, frozen=True, tag="flatten_venues"):
    """Close every position on these venues from the venue's own truth, whether we opened it or not."""

    venues: tuple[str, ...]
    reason: str


class Decided(Action, frozen=True, tag="decided"):
    """The gate's verdict on a proposal."""

    verdict: Verdict


class OrderChanged(Action, frozen=True, tag="order_changed"):
    """An order's progress."""

    order: OrderProgress


class FillBooked(Action, frozen=True, tag="fill_booked"):
    """One execution booked to a trade."""

    order_id: str
    trade_id: str
    fill_id: str
    qty: float
    price: float
    fee_usd: float
    is_maker: bool
    slippage_bps: float | None = None
    """Against what its order asked for, positive = worse; None where that is not known."""


class TradeChanged(Action, frozen=True, tag="trade_changed"):
    """A trade's new state; `change` says what happened (opened, stop_placed, target_filled, closed, ...)."""

    trade: TradeRecord
    change: str


class MemoryChanged(Action, frozen=True, tag="memory_changed"):
    """The account, mode or counters changed: what a restart needs."""

    memory: EngineMemory


class StateChanged(Action, frozen=True, tag="state_changed"):
    """The engine went from one state to another, and why."""

    before: EngineState
    after: EngineState
    reason: str
    halt: Halt | None = None
    stand_downs: tuple[StandDown, ...] = ()


class ModeChanged(Action, frozen=True, tag="mode_changed"):
    """The mode changed."""

    before: Mode
    after: Mode
    reason: str


class CommandAnswered(Action, frozen=True, tag="command_answered"):
    """What the engine did with a command: `ok`, and a sentence with its numbers."""

    command_id: str
    by: str
    command: str
    ok: bool
    sentence: str
    reason_given: str = ""
    verdict_id: str | None = None
    trade_id: str | None = None


class PaperTracked(Action, frozen=True, tag="paper_tracked"):
    """What a proposal that was not sent would have come to."""

    track: PaperTrack


class Notice(Action, frozen=True, tag="notice"):
    """Something an operator should read; `severity` is info, warning or critical."""

    severity: str
    topic: str
    sentence: str


AnyAction = (
    PlaceOrder
    | CancelOrder
    | QueryOrder
    | QueryPosition
    | AdoptPosition
    | FlattenVenues
    | Decided
    | OrderChanged
    | FillBooked
    | TradeChanged
    | MemoryChanged
    | StateChanged
    | ModeChanged
    | CommandAnswered
    | PaperTracked
    | Notice
)
