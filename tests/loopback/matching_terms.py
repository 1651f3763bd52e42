"""The words of a matching engine that knows no venue: orders, conditional orders, executions, positions, refusals.

Quantities are `Decimal`, in the venue's own units (base coins on Binance, contracts on OKX; `Rules.unit` is the base
coins in one of them). Prices are in USDT.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto

ZERO = Decimal(0)


class Reason(Enum):
    """Why the matching engine refused; each venue has its own code for it."""

    UNKNOWN_SYMBOL = auto()
    UNKNOWN_ORDER = auto()
    DUPLICATE_CLIENT_ID = auto()
    NO_POSITION = auto()
    """Reduce-only without a position to reduce."""
    RESERVED = auto()
    """Reduce-only, but resting reduce-only orders already hold the whole position."""
    BELOW_NOTIONAL = auto()
    BELOW_MINIMUM = auto()
    ABOVE_MAXIMUM = auto()
    BAD_LOT = auto()
    BAD_TICK = auto()
    NO_MARGIN = auto()
    WOULD_TRIGGER = auto()
    WOULD_CROSS = auto()
    NO_PRICE = auto()
    STOPS_REFUSED = auto()
    """The conditional service takes nothing."""
    TOO_MANY_STOPS = auto()


class Refused(Exception):
    """The matching engine did not take it; nothing changed."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail or reason.name)
        self.reason = reason


class Status(Enum):
    """Of an order (and, up to REJECTED, of a conditional order)."""

    NEW = auto()
    PARTIAL = auto()
    FILLED = auto()
    CANCELED = auto()
    EXPIRED = auto()
    REJECTED = auto()
    TRIGGERING = auto()
    TRIGGERED = auto()
    FINISHED = auto()


WORKING = (Status.NEW, Status.PARTIAL)


@dataclass(frozen=True)
class Rules:
    """What a symbol's orders must keep to."""

    asset: str
    tick: Decimal
    lot: Decimal
    min_qty: Decimal
    max_qty: Decimal
    max_market_qty: Decimal
    min_notional_usd: Decimal = ZERO
    unit: Decimal = Decimal(1)


@dataclass
class Quote:
    """What a symbol trades at."""

    bid: Decimal
    ask: Decimal
    mark: Decimal
    last: Decimal


@dataclass
class Order:
    """A plain order. `owner` is "client", "stranger" (somebody's hand on the same account) or "venue" (forced)."""

    order_id: int
    client_id: str
    symbol: str
    side: str
    kind: str
    qty: Decimal
    price: Decimal | None = None
    tif: str = "GTC"
    reduce_only: bool = False
    owner: str = "client"
    algo_id: int | None = None
    attached_stop: "StopAsked | None" = None
    tag: str = ""
    status: Status = Status.NEW
    filled: Decimal = ZERO
    quote_usd: Decimal = ZERO
    """Sum of price x quantity in units; times the unit it is USDT."""
    fee_usd: Decimal = ZERO
    pnl_usd: Decimal = ZERO
    reason: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    held: bool = False
    """The test keeps its rest from filling; see `MatchingCore.fill_next`."""

    @property
    def sign(self) -> int:
        return 1 if self.side == "buy" else -1

    @property
    def left(self) -> Decimal:
        return self.qty - self.filled

    @property
    def average(self) -> Decimal:
        return to_the_coin(self.quote_usd / self.filled) if self.filled else ZERO

    @property
    def works(self) -> bool:
        return self.status in WORKING


@dataclass(frozen=True)
class OrderAsked:
    """An order as it was asked for."""

    symbol: str
    side: str
    kind: str
    qty: Decimal
    client_id: str = ""
    price: Decimal | None = None
    tif: str = "GTC"
    reduce_only: bool = False
    owner: str = "client"
    algo_id: int | None = None
    attached_stop: "StopAsked | None" = None
    tag: str = ""


@dataclass(frozen=True)
class StopAsked:
    """A conditional order as it was asked for. `qty` is None where it closes whatever is open.

    `kind`: "stop" triggers when the price moves against a position, "take_profit" when it moves for it; with a
    `price` the order it sends is a limit.
    """

    symbol: str
    side: str
    kind: str
    trigger: Decimal
    qty: Decimal | None = None
    price: Decimal | None = None
    client_id: str = ""
    reduce_only: bool = False
    working: str = "last"
    """"mark" or "last": whose price triggers it."""


@dataclass
class Algo:
    """A conditional order in the venue's separate service."""

    algo_id: int
    asked: StopAsked
    client_id: str
    status: Status = Status.NEW
    order_id: int | None = None
    """The plain order it became."""
    reason: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    trigger_ms: int = 0

    @property
    def works(self) -> bool:
        return self.status in (Status.NEW, Status.TRIGGERING)

    @property
    def closes_all(self) -> bool:
        return self.asked.qty is None

    @property
    def reduces(self) -> bool:
        return self.closes_all or self.asked.reduce_only


@dataclass(frozen=True)
class Coin:
    """What fees and funding are paid in, and what one of it is worth."""

    name: str = "USDT"
    price: Decimal = Decimal(1)


@dataclass(frozen=True)
class Execution:
    """One trade of one order."""

    trade_id: int
    order_id: int
    client_id: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal
    fee_usd: Decimal
    pnl_usd: Decimal
    maker: bool
    ts_ms: int
    paid_in: Coin

    @property
    def fee(self) -> Decimal:
        """In the coin it was paid in."""
        return self.fee_usd / self.paid_in.price


@dataclass
class Position:
    """One-way: `qty` is signed, 0 when flat."""

    symbol: str
    qty: Decimal = ZERO
    entry: Decimal = ZERO
    realised_usd: Decimal = ZERO
    updated_ms: int = 0


@dataclass(frozen=True)
class Income:
    """A change of the wallet: COMMISSION, REALIZED_PNL or FUNDING_FEE."""

    kind: str
    symbol: str
    amount_usd: Decimal
    ts_ms: int
    paid_in: Coin
    trade_id: int | None = None

    @property
    def amount(self) -> Decimal:
        """In the coin it was paid in."""
        return self.amount_usd / self.paid_in.price


@dataclass
class Listeners:
    """Told at once, in the order things happen. `account` gets the symbol (None = money only) and Binance's reason."""

    order: list[Callable[[Order, Execution | None], None]] = field(default_factory=list)
    algo: list[Callable[[Algo], None]] = field(default_factory=list)
    account: list[Callable[[str | None, str], None]] = field(default_factory=list)


def to_the_coin(amount: Decimal) -> Decimal:
    """Money and average prices are kept to eight decimals."""
    return amount.quantize(Decimal("1E-8"))


def opposite(side: str) -> str:
    return "sell" if side == "buy" else "buy"


def d(value: float | str | Decimal) -> Decimal:
    """A number of a test as it is written."""
    return value if isinstance(value, Decimal) else Decimal(str(value))
