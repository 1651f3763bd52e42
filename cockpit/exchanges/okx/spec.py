"""OKX's row of the registry; each part is imported when it is asked for."""

from typing import TYPE_CHECKING

from cockpit.exchanges.base.spec import Endpoints, ExchangeSpec

if TYPE_CHECKING:
    from cockpit.exchanges.base.codes import VenueCodes
    from cockpit.exchanges.base.public import Exchange
    from cockpit.exchanges.base.public_readings import PublicReadings
    from cockpit.exchanges.base.spec import MakeAccount


def _public() -> "type[Exchange]":
    from cockpit.exchanges.okx.market import Okx

    return Okx


def _readings(exchange: "Exchange") -> "PublicReadings":
    from cockpit.exchanges.okx.readings import OkxReadings

    return OkxReadings(exchange)


def _account() -> "MakeAccount":
    from cockpit.exchanges.okx.account import OkxAccount

    return OkxAccount


def _codes() -> "VenueCodes":
    from cockpit.exchanges.okx.codes import OKX_CODES

    return OKX_CODES


SPEC = ExchangeSpec(
    name="okx",
    needs_password=True,
    endpoints=Endpoints("COCKPIT_OKX_REST_URL", "COCKPIT_OKX_WS_URL"),
    library_classes=("okx",),
    public=_public,
    readings=_readings,
    account=_account,
    codes=_codes,
)
