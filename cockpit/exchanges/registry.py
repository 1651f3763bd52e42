"""Every exchange there is, a row each: whatever depends on which exchange it is asks here.

A row names its parts and imports none of them: a paper engine never loads an account, and a config is checked against
these names without a client library. A new exchange is a folder beside this file, its `SPEC` here, and its loopback
server in the tests.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cockpit.exchanges.base.spec import ExchangeSpec
from cockpit.exchanges.binance.spec import SPEC as BINANCE
from cockpit.exchanges.bybit.spec import SPEC as BYBIT
from cockpit.exchanges.coinbase.spec import SPEC as COINBASE
from cockpit.exchanges.hyperliquid.spec import SPEC as HYPERLIQUID
from cockpit.exchanges.krakenfutures.spec import SPEC as KRAKEN_FUTURES
from cockpit.exchanges.okx.spec import SPEC as OKX

if TYPE_CHECKING:
    from cockpit.config.exits import AccountConfig
    from cockpit.config.secrets import VenueKeys
    from cockpit.exchanges.base.account import VenueAccount
    from cockpit.exchanges.base.codes import VenueCodes
    from cockpit.exchanges.base.timing import Timing

SPECS = (
    BINANCE,
    OKX,
    KRAKEN_FUTURES,
    HYPERLIQUID,
    BYBIT,
    COINBASE,
)
EXCHANGES: Mapping[str, ExchangeSpec] = {spec.name: spec for spec in SPECS}


def codes_of(venue: str) -> "VenueCodes | None":
    """The venue's own error codes; None for a venue that is not known: its errors are judged by their class."""
    spec = EXCHANGES.get(venue)
    return None if spec is None else spec.codes()


def account_for(
    venue: str, config: "AccountConfig", keys: "VenueKeys", environ: Mapping[str, str], timing: "Timing | None" = None
) -> "VenueAccount":
    """The account behind these keys: the venue's demo account where `venues.<venue>.demo` says so, its addresses as the
    config or the environment moves them. `open` it before its use: only then is the client library loaded.

    Raises `KeyError` for a venue without real orders and `BadEndpoint` for an address that may not be used.
    """
    from cockpit.config.endpoints import find_endpoints, venue_urls

    urls = venue_urls(find_endpoints(config.endpoints, environ), venue)
    is_spot = bool(config.venues[venue].spot_products)
    return EXCHANGES[venue].account(is_spot)(config, keys, urls, timing)
