"""Hyperliquid's row of the registry."""

from cockpit.exchanges.base.spec import ExchangeSpec

SPEC = ExchangeSpec(
    name="hyperliquid",
    library_classes=("hyperliquid",),
    public_at="cockpit.exchanges.hyperliquid.market:Hyperliquid",
    readings_at="cockpit.exchanges.hyperliquid.readings:HyperliquidReadings",
    account_at="cockpit.exchanges.hyperliquid.account:HyperliquidAccount",
    codes_at="cockpit.exchanges.hyperliquid.codes:HYPERLIQUID_CODES",
)
