"""What a row of the registry says of an exchange: its name, its addresses, its parts, what it cannot do."""

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cockpit.config.endpoints import VenueUrls
    from cockpit.config.exits import AccountConfig
    from cockpit.config.secrets import VenueKeys
    from cockpit.exchanges.base.account import VenueAccount
    from cockpit.exchanges.base.codes import VenueCodes
    from cockpit.exchanges.base.public import Exchange
    from cockpit.exchanges.base.public_readings import PublicReadings
    from cockpit.exchanges.base.timing import Timing

    MakeAccount = Callable[[AccountConfig, VenueKeys, VenueUrls, Timing | None], VenueAccount]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The environment variables that move an exchange's addresses."""

    rest: str
    ws: str


@dataclass(frozen=True, slots=True)
class Abilities:
    """What not every exchange offers."""

    feeds_liquidation_map: bool = False
    """Its history of open interest and prices is what the liquidation map is drawn from."""
    gives_positioning: bool = True
    """Its REST says which share of accounts is long and short."""
    gives_permissions: bool = True
    """Its account says what the key may do beside trading."""
    gives_funding_payments: bool = True
    """Its account lists each payment of funding."""
    has_demo: bool = True
    """It has demo accounts, or a testnet."""
    stops_at_market: bool = True
    """A triggered stop leaves at market; else at a limit beyond its trigger."""
    previews_orders: bool = False
    """It says of an order whether it would take it, without taking it: its drill, where it has no demo account."""
    has_sessions: bool = False
    """It ends sessions and goes into maintenance at times that it tells beforehand."""

    @property
    def drills_by_preview(self) -> bool:
        """Whether its drill asks about orders and places none."""
        return self.previews_orders and not self.has_demo


@dataclass(frozen=True, slots=True)
class ExchangeSpec:
    """One exchange, and where its parts stand (`module:name`): a part is imported when it is asked for.

    `needs_password`: its keys come with a passphrase. `library_classes` are the client library's, each after those it
    is made of.
    """

    name: str
    needs_password: bool
    endpoints: Endpoints
    library_classes: tuple[str, ...]
    public_at: str
    readings_at: str
    account_at: str
    codes_at: str
    abilities: Abilities = Abilities()

    def public(self) -> "type[Exchange]":
        """Its market data."""
        found: type[Exchange] = resolve_name(self.public_at)
        return found

    def readings(self, exchange: "Exchange") -> "PublicReadings":
        """What its REST says of positioning, funding and open interest."""
        made: PublicReadings = resolve_name(self.readings_at)(exchange)
        return made

    def account(self) -> "MakeAccount":
        found: MakeAccount = resolve_name(self.account_at)
        return found

    def codes(self) -> "VenueCodes":
        found: VenueCodes = resolve_name(self.codes_at)
        return found
