"""Hyperliquid's row of the registry."""

from cockpit.exchanges.base.spec import Abilities, Endpoints, ExchangeSpec

SPEC = ExchangeSpec(
    name="hyperliquid",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_HYPERLIQUID_REST_URL", "COCKPIT_HYPERLIQUID_WS_URL"),
    library_classes=("hyperliquid",),
    public_at="cockpit.exchanges.hyperliquid.market:Hyperliquid",
    readings_at="cockpit.exchanges.hyperliquid.readings:HyperliquidReadings",
    account_at="cockpit.exchanges.hyperliquid.account:HyperliquidAccount",
    codes_at="cockpit.exchanges.hyperliquid.codes:HYPERLIQUID_CODES",
    abilities=Abilities(gives_positioning=False),
)
