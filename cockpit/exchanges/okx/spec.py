"""OKX's row of the registry."""

from cockpit.exchanges.base.spec import ExchangeSpec

SPEC = ExchangeSpec(
    name="okx",
    library_classes=("okx",),
    public_at="cockpit.exchanges.okx.market:Okx",
    readings_at="cockpit.exchanges.okx.readings:OkxReadings",
    account_at="cockpit.exchanges.okx.account:OkxAccount",
    codes_at="cockpit.exchanges.okx.codes:OKX_CODES",
)
