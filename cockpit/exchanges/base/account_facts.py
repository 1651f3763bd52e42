"""What a venue says of an account and of its perpetuals when it is asked: permissions, hours, settings, costs."""

from collections.abc import Mapping
from typing import NamedTuple


class Grid(NamedTuple):
    """What quantities a venue takes, in base coins."""

    lot: float
    least: float


class AccountFacts(NamedTuple):
    """What the venue says of the account at start-up. None where this venue does not tell."""

    can_trade: bool
    dangerous_permissions: tuple[str, ...]
    """Permissions that let a key move money out: any of them forbids its use."""
    is_ip_restricted: bool | None
    is_one_way: bool
    equity_usd: float
    clock_offset_ms: float
    """The venue's clock minus ours."""
    leverage: dict[str, float]
    """By asset."""
    is_isolated: dict[str, bool]
    """By asset."""
    taker_fee_bps: float | None
    listed: Mapping[str, Grid]
    """The configured assets that this venue lists as perpetuals, and on which grid."""


class Maintenance(NamedTuple):
    """From when until when a venue is away, in our clock's time."""

    begins_ns: int
    ends_ns: int


class TradingHours(NamedTuple):
    """When a venue trades a perpetual, by its own word, in our clock's time. None where it does not tell."""

    is_open: bool
    closed_for: str
    """The venue's word for why it takes no orders at market now; "" while it does, or where it has none."""
    closes_ns: int | None
    opens_ns: int | None
    """When the session that it speaks of began, or begins."""
    maintenance: Maintenance | None
    """The next one."""
    read_ns: int


class Previewed(NamedTuple):
    """A venue's answer about an order that was not placed: it would take it, at this cost, with these warnings."""

    fee_usd: float | None
    warnings: tuple[str, ...]


class TradeSettings(NamedTuple):
    """What an entry on one perpetual would be made with, as the venue has it now."""

    leverage: float
    is_isolated: bool | None
    """None on a venue that knows one margin for everything."""
