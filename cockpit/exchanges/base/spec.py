"""What a row of the registry says of an exchange: its name, its parts, and what the config knows of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from cockpit.config.exchange_names import TERMS, Abilities

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
class ExchangeSpec:
    """One exchange, and where its parts stand (`module:name`): a part is imported when it is asked for.

    Its row of `TERMS` has what the config knows of it too. `library_classes` are the client library's, each after those
    it is made of.
    """

    name: str
    library_classes: tuple[str, ...]
    public_at: str
    readings_at: str
    account_at: str
    codes_at: str
    spot_account_at: str = ""
    """The account that trades its spot products, long only; "" where none are traded."""

    @property
    def abilities(self) -> Abilities:
        """What it offers that not every exchange does."""
        return TERMS[self.name].abilities

    def public(self) -> "type[Exchange]":
        """Its market data."""
        found: type[Exchange] = resolve_name(self.public_at)
        return found

    def readings(self, exchange: "Exchange") -> "PublicReadings":
        """What its REST says of positioning, funding and open interest."""
        made: PublicReadings = resolve_name(self.readings_at)(exchange)
        return made

    def account(self, is_spot: bool = False) -> "MakeAccount":
        found: MakeAccount = resolve_name(self.spot_account_at if is_spot else self.account_at)
        return found

    def codes(self) -> "VenueCodes":
        found: VenueCodes = resolve_name(self.codes_at)
        return found
