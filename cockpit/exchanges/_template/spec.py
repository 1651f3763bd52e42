"""The row of the registry."""

from cockpit.exchanges.base.spec import ExchangeSpec

SPEC = ExchangeSpec(
    name="template",
    library_classes=("template",),
    public_at="cockpit.exchanges._template.market:Template",
    readings_at="cockpit.exchanges._template.readings:TemplateReadings",
    account_at="cockpit.exchanges._template.account:TemplateAccount",
    codes_at="cockpit.exchanges._template.codes:TEMPLATE_CODES",
)
