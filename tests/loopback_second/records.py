"""What the venue keeps: orders, the conditional orders of its trigger service, executions, positions, the bill."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from tests.loopback_second.amounts import ZERO, sign

OPEN_STATES = frozenset({"NEW", "PARTIALLY_FILLED"})


class Reason(StrEnum):
    """Why an order is refused; each venue has its own codes for them."""

    NO_MARGIN = "margin"
    REDUCE_ONLY = "reduce only"
    RESERVED = "resting reduce-only orders hold it"
    DUPLICATE = "duplicate client id"
    BAD_PRICE = "price off the tick"
    BAD_QTY = "quantity off the lot"
    TOO_SMALL = "below the minimum"
    TOO_LARGE = "above the maximum"
    TOO_LITTLE = "below the minimum notional"
    WOULD_TAKE = "post only would take"
    NOT_WHOLE = "fill or kill not whole"
    WOULD_TRIGGER = "would trigger at once"
    POSITION_SIDE = "position side does not fit the mode"
    NO_SERVICE = "the trigger service takes nothing"
    NO_LIQUIDITY = "nothing to trade against"


class Refused(Exception):
    """An order that the venue did not take."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Key:
    """What a position is of: OKX holds cross and isolated apart, both venues hold long and short apart when hedged."""

    instrument: str
    mode: str
    side: str


@dataclass
class Position:
    key: Key
    qty: Decimal = ZERO
    entry: Decimal = ZERO
    leverage: int = 10
    added_margin: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    born_ms: int = 0
    changed_ms: int = 0
    last_trade: int = 0

    @property
    def direction(self) -> int:
        return sign(self.qty)


@dataclass
class Order:
    id: int
    client_id: str
    instrument: str
    side: str
    kind: str
    qty: Decimal
    price: Decimal
    tif: str
    mode: str
    pos_side: str
    reduce_only: bool
    created_ms: int
    born_s: float
    close_all: bool = False
    source: str = "api"
    trigger_id: int = 0
    state: str = "NEW"
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    fee: Decimal = ZERO
    realised: Decimal = ZERO
    updated_ms: int = 0
    updated_s: float = 0.0
    cancel_source: str = ""
    tag: str = ""
    last_fill: "Fill | None" = None
    is_held: bool = False

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def sign(self) -> int:
        return 1 if self.side == "BUY" else -1

    @property
    def average(self) -> Decimal:
        return self.cost / self.filled if self.filled else ZERO

    @property
    def left(self) -> Decimal:
        return self.qty - self.filled


@dataclass
class Trigger:
    """A conditional order that rests in the trigger service until a price is met; then it becomes an order."""

    id: int
    client_id: str
    instrument: str
    side: str
    kind: str
    qty: Decimal
    stop_px: Decimal | None
    target_px: Decimal | None
    watches: str
    order_px: Decimal | None
    mode: str
    pos_side: str
    reduce_only: bool
    created_ms: int
    born_s: float
    close_all: bool = False
    source: str = "api"
    state: str = "NEW"
    updated_ms: int = 0
    updated_s: float = 0.0
    triggered_ms: int = 0
    order: Order | None = None
    fail_reason: str = ""
    target_watches: str = "last"
    tag: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def sign(self) -> int:
        return 1 if self.side == "BUY" else -1

    @property
    def rests(self) -> bool:
        return self.state == "NEW"


@dataclass(frozen=True)
class Fill:
    id: int
    order: Order
    instrument: str
    side: str
    qty: Decimal
    price: Decimal
    fee: Decimal
    realised: Decimal
    is_maker: bool
    at_ms: int
    born_s: float
    key: Key


@dataclass(frozen=True)
class BillRow:
    """One line of the account's bill. `kind`: trade, fee, funding, liquidation, transfer."""

    id: int
    kind: str
    amount: Decimal
    balance: Decimal
    instrument: str
    at_ms: int
    born_s: float
    mode: str = ""
    fill: Fill | None = None
    qty: Decimal = ZERO
    price: Decimal = ZERO


@dataclass(frozen=True)
class Event:
    """Something happened. `what`: order, trade, trigger, balance, position."""

    what: str
    detail: str = ""
    order: Order | None = None
    fill: Fill | None = None
    trigger: Trigger | None = None
    keys: tuple[Key, ...] = ()
