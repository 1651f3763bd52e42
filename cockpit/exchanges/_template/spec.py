"""The row of the registry."""

from cockpit.exchanges.base.spec import Abilities, Endpoints, ExchangeSpec

SPEC = ExchangeSpec(
    name="template",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_TEMPLATE_REST_URL", "COCKPIT_TEMPLATE_WS_URL"),
    library_classes=("template",),
    public_at="cockpit.exchanges._template.market:Template",
    readings_at="cockpit.exchanges._template.readings:TemplateReadings",
    account_at="cockpit.exchanges._template.account:TemplateAccount",
    codes_at="cockpit.exchanges._template.codes:TEMPLATE_CODES",
    abilities=Abilities(gives_positioning=False),
)
