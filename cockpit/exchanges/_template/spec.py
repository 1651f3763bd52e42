"""The row of the registry; each part is imported when it is asked for."""

from typing import TYPE_CHECKING

from cockpit.exchanges.base.spec import Abilities, Endpoints, ExchangeSpec

if TYPE_CHECKING:
    from cockpit.exchanges.base.codes import VenueCodes
    from cockpit.exchanges.base.public import Exchange
    from cockpit.exchanges.base.public_readings import PublicReadings
    from cockpit.exchanges.base.spec import MakeAccount


def _public() -> "type[Exchange]":
    from cockpit.exchanges._template.market import Template

    return Template


def _readings(exchange: "Exchange") -> "PublicReadings":
    from cockpit.exchanges._template.readings import TemplateReadings

    return TemplateReadings(exchange)


def _account() -> "MakeAccount":
    from cockpit.exchanges._template.account import TemplateAccount

    return TemplateAccount


def _codes() -> "VenueCodes":
    from cockpit.exchanges._template.codes import TEMPLATE_CODES

    return TEMPLATE_CODES


SPEC = ExchangeSpec(
    name="template",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_TEMPLATE_REST_URL", "COCKPIT_TEMPLATE_WS_URL"),
    library_classes=("template",),
    public=_public,
    readings=_readings,
    account=_account,
    codes=_codes,
    abilities=Abilities(gives_positioning=False),
)
