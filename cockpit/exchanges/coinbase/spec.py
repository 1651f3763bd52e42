"""Coinbase' row of the registry; each part is imported when it is asked for."""

from typing import TYPE_CHECKING

from cockpit.exchanges.base.spec import Abilities, Endpoints, ExchangeSpec

if TYPE_CHECKING:
    from cockpit.exchanges.base.codes import VenueCodes
    from cockpit.exchanges.base.public import Exchange
    from cockpit.exchanges.base.public_readings import PublicReadings
    from cockpit.exchanges.base.spec import MakeAccount


def _public() -> "type[Exchange]":
    from cockpit.exchanges.coinbase.market import Coinbase

    return Coinbase


def _readings(exchange: "Exchange") -> "PublicReadings":
    from cockpit.exchanges.coinbase.readings import CoinbaseReadings

    return CoinbaseReadings(exchange)


def _account() -> "MakeAccount":
    from cockpit.exchanges.coinbase.account import CoinbaseAccount

    return CoinbaseAccount


def _codes() -> "VenueCodes":
    from cockpit.exchanges.coinbase.codes import COINBASE_CODES

    return COINBASE_CODES


SPEC = ExchangeSpec(
    name="coinbase",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_COINBASE_REST_URL", "COCKPIT_COINBASE_WS_URL"),
    library_classes=("coinbase",),
    public=_public,
    readings=_readings,
    account=_account,
    codes=_codes,
    abilities=Abilities(
        gives_positioning=False,
        gives_funding_payments=False,
        has_demo=False,
        stops_at_market=False,
        has_sessions=True,
    ),
)
