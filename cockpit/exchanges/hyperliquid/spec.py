"""Hyperliquid's row of the registry; each part is imported when it is asked for."""

from typing import TYPE_CHECKING

from cockpit.exchanges.base.spec import Abilities, Endpoints, ExchangeSpec

if TYPE_CHECKING:
    from cockpit.exchanges.base.codes import VenueCodes
    from cockpit.exchanges.base.public import Exchange
    from cockpit.exchanges.base.public_readings import PublicReadings
    from cockpit.exchanges.base.spec import MakeAccount


def _public() -> "type[Exchange]":
    from cockpit.exchanges.hyperliquid.market import Hyperliquid

    return Hyperliquid


def _readings(exchange: "Exchange") -> "PublicReadings":
    from cockpit.exchanges.hyperliquid.readings import HyperliquidReadings

    return HyperliquidReadings(exchange)


def _account() -> "MakeAccount":
    from cockpit.exchanges.hyperliquid.account import HyperliquidAccount

    return HyperliquidAccount


def _codes() -> "VenueCodes":
    from cockpit.exchanges.hyperliquid.codes import HYPERLIQUID_CODES

    return HYPERLIQUID_CODES


SPEC = ExchangeSpec(
    name="hyperliquid",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_HYPERLIQUID_REST_URL", "COCKPIT_HYPERLIQUID_WS_URL"),
    library_classes=("hyperliquid",),
    public=_public,
    readings=_readings,
    account=_account,
    codes=_codes,
    abilities=Abilities(gives_positioning=False),
)
