"""Every exchange there is, a row each: whatever depends on which exchange it is asks here.

A row names its parts and imports none of them: a paper engine never loads an account, and a config is checked against
these names without a client library. A new exchange is a folder beside this file, a row here, and its loopback server
in the tests.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class ExchangeSpec:
    """One exchange. The callables import their part when they are called.

    `needs_password`: its keys come with a passphrase. `library_classes` are the client library's, each after those it
    is made of. `public` makes its market data, `readings` what its REST says of positioning, funding and open interest.
    """

    name: str
    needs_password: bool
    endpoints: Endpoints
    library_classes: tuple[str, ...]
    public: "Callable[[], type[Exchange]]"
    readings: "Callable[[Exchange], PublicReadings]"
    account: "Callable[[], MakeAccount]"
    codes: "Callable[[], VenueCodes]"
    abilities: Abilities = Abilities()


def _binance_public() -> "type[Exchange]":
    from cockpit.exchanges.binance.market import Binance

    return Binance


def _binance_readings(exchange: "Exchange") -> "PublicReadings":
    from cockpit.exchanges.binance.readings import BinanceReadings

    return BinanceReadings(exchange)


def _binance_account() -> "MakeAccount":
    from cockpit.exchanges.binance.account import BinanceAccount

    return BinanceAccount


def _binance_codes() -> "VenueCodes":
    from cockpit.exchanges.binance.codes import BINANCE_CODES

    return BINANCE_CODES


def _okx_public() -> "type[Exchange]":
    from cockpit.exchanges.okx.market import Okx

    return Okx


def _okx_readings(exchange: "Exchange") -> "PublicReadings":
    from cockpit.exchanges.okx.readings import OkxReadings

    return OkxReadings(exchange)


def _okx_account() -> "MakeAccount":
    from cockpit.exchanges.okx.account import OkxAccount

    return OkxAccount


def _okx_codes() -> "VenueCodes":
    from cockpit.exchanges.okx.codes import OKX_CODES

    return OKX_CODES


def _kraken_public() -> "type[Exchange]":
    from cockpit.exchanges.krakenfutures.market import KrakenFutures

    return KrakenFutures


def _kraken_readings(exchange: "Exchange") -> "PublicReadings":
    from cockpit.exchanges.krakenfutures.readings import KrakenReadings

    return KrakenReadings(exchange)


def _kraken_account() -> "MakeAccount":
    from cockpit.exchanges.krakenfutures.account import KrakenAccount

    return KrakenAccount


def _kraken_codes() -> "VenueCodes":
    from cockpit.exchanges.krakenfutures.codes import KRAKEN_CODES

    return KRAKEN_CODES


BINANCE = ExchangeSpec(
    name="binance",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_BINANCEUSDM_REST_URL", "COCKPIT_BINANCEUSDM_WS_URL"),
    library_classes=("binance", "binanceusdm"),
    public=_binance_public,
    readings=_binance_readings,
    account=_binance_account,
    codes=_binance_codes,
    abilities=Abilities(feeds_liquidation_map=True),
)
OKX = ExchangeSpec(
    name="okx",
    needs_password=True,
    endpoints=Endpoints("COCKPIT_OKX_REST_URL", "COCKPIT_OKX_WS_URL"),
    library_classes=("okx",),
    public=_okx_public,
    readings=_okx_readings,
    account=_okx_account,
    codes=_okx_codes,
)
KRAKEN_FUTURES = ExchangeSpec(
    name="krakenfutures",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_KRAKENFUTURES_REST_URL", "COCKPIT_KRAKENFUTURES_WS_URL"),
    library_classes=("krakenfutures",),
    public=_kraken_public,
    readings=_kraken_readings,
    account=_kraken_account,
    codes=_kraken_codes,
    abilities=Abilities(gives_positioning=False, gives_permissions=False),
)
EXCHANGES: Mapping[str, ExchangeSpec] = {spec.name: spec for spec in (BINANCE, OKX, KRAKEN_FUTURES)}


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
    return EXCHANGES[venue].account()(config, keys, urls, timing)
