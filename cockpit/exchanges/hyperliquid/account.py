"""No account yet: its data is read, and orders are refused in words."""

from cockpit.config.endpoints import VenueUrls
from cockpit.config.exits import AccountConfig
from cockpit.config.secrets import MissingKeys, VenueKeys
from cockpit.exchanges.base.account import VenueAccount
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.hyperliquid.client import VENUE


def HyperliquidAccount(  # noqa: N802
    config: AccountConfig, keys: VenueKeys, urls: VenueUrls, timing: Timing | None = None
) -> VenueAccount:
    """Raises `MissingKeys`, always."""
    raise MissingKeys(f"{VENUE}: expected an exchange that takes orders, was one whose data alone is read so far")
