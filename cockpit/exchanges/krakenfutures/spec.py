"""Kraken Futures' row of the registry; each part is imported when it is asked for."""

from typing import TYPE_CHECKING

from cockpit.exchanges.base.spec import Abilities, Endpoints, ExchangeSpec

if TYPE_CHECKING:
    from cockpit.exchanges.base.codes import VenueCodes
    from cockpit.exchanges.base.public import Exchange
    from cockpit.exchanges.base.public_readings import PublicReadings
    from cockpit.exchanges.base.spec import MakeAccount


def _public() -> "type[Exchange]":
    from cockpit.exchanges.krakenfutures.market import KrakenFutures

    return KrakenFutures


def _readings(exchange: "Exchange") -> "PublicReadings":
    from cockpit.exchanges.krakenfutures.readings import KrakenReadings

    return KrakenReadings(exchange)


def _account() -> "MakeAccount":
    from cockpit.exchanges.krakenfutures.account import KrakenAccount

    return KrakenAccount


def _codes() -> "VenueCodes":
    from cockpit.exchanges.krakenfutures.codes import KRAKEN_CODES

    return KRAKEN_CODES


SPEC = ExchangeSpec(
    name="krakenfutures",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_KRAKENFUTURES_REST_URL", "COCKPIT_KRAKENFUTURES_WS_URL"),
    library_classes=("krakenfutures",),
    public=_public,
    readings=_readings,
    account=_account,
    codes=_codes,
    abilities=Abilities(gives_positioning=False, gives_permissions=False),
)
