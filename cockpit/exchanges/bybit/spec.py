"""Bybit's row of the registry; each part is imported when it is asked for."""

from typing import TYPE_CHECKING

from cockpit.exchanges.base.spec import Endpoints, ExchangeSpec

if TYPE_CHECKING:
    from cockpit.exchanges.base.codes import VenueCodes
    from cockpit.exchanges.base.public import Exchange
    from cockpit.exchanges.base.public_readings import PublicReadings
    from cockpit.exchanges.base.spec import MakeAccount


def _public() -> "type[Exchange]":
    from cockpit.exchanges.bybit.market import Bybit

    return Bybit


def _readings(exchange: "Exchange") -> "PublicReadings":
    from cockpit.exchanges.bybit.readings import BybitReadings

    return BybitReadings(exchange)


def _account() -> "MakeAccount":
    from cockpit.exchanges.bybit.account import BybitAccount

    return BybitAccount


def _codes() -> "VenueCodes":
    from cockpit.exchanges.bybit.codes import BYBIT_CODES

    return BYBIT_CODES


SPEC = ExchangeSpec(
    name="bybit",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_BYBIT_REST_URL", "COCKPIT_BYBIT_WS_URL"),
    library_classes=("bybit",),
    public=_public,
    readings=_readings,
    account=_account,
    codes=_codes,
)
