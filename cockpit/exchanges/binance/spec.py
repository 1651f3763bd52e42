"""Binance's row of the registry; each part is imported when it is asked for."""

from typing import TYPE_CHECKING

from cockpit.exchanges.base.spec import Abilities, Endpoints, ExchangeSpec

if TYPE_CHECKING:
    from cockpit.exchanges.base.codes import VenueCodes
    from cockpit.exchanges.base.public import Exchange
    from cockpit.exchanges.base.public_readings import PublicReadings
    from cockpit.exchanges.base.spec import MakeAccount


def _public() -> "type[Exchange]":
    from cockpit.exchanges.binance.market import Binance

    return Binance


def _readings(exchange: "Exchange") -> "PublicReadings":
    from cockpit.exchanges.binance.readings import BinanceReadings

    return BinanceReadings(exchange)


def _account() -> "MakeAccount":
    from cockpit.exchanges.binance.account import BinanceAccount

    return BinanceAccount


def _codes() -> "VenueCodes":
    from cockpit.exchanges.binance.codes import BINANCE_CODES

    return BINANCE_CODES


SPEC = ExchangeSpec(
    name="binance",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_BINANCEUSDM_REST_URL", "COCKPIT_BINANCEUSDM_WS_URL"),
    library_classes=("binance", "binanceusdm"),
    public=_public,
    readings=_readings,
    account=_account,
    codes=_codes,
    abilities=Abilities(feeds_liquidation_map=True),
)
