"""The account of a venue by its name, for whoever may trade with real money: the engine in a real mode, and the exits.

Nothing here imports the client library: that happens when an account is opened, in a thread. A paper engine never comes
here at all.
"""

from collections.abc import Mapping

from cockpit.config.endpoints import find_endpoints, venue_urls
from cockpit.config.exits import AccountConfig
from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.account import VenueAccount
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.binance.account import BinanceAccount
from cockpit.exchanges.okx.account import OkxAccount

KINDS = {account.venue: account for account in (BinanceAccount, OkxAccount)}


def account_for(
    venue: str, config: AccountConfig, keys: VenueKeys, environ: Mapping[str, str], timing: Timing | None = None
) -> VenueAccount:
    """The account behind these keys: the venue's demo account where `venues.<venue>.demo` says so, its addresses as the
    config or the environment moves them. `open` it before its use.

    Raises `KeyError` for a venue without real orders and `BadEndpoint` for an address that may not be used.
    """
    urls = venue_urls(find_endpoints(config.endpoints, environ), venue)
    return KINDS[venue](config, keys, urls, timing)
