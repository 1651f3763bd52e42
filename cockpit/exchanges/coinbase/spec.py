"""Coinbase's row of the registry."""

from cockpit.exchanges.base.spec import Abilities, Endpoints, ExchangeSpec

SPEC = ExchangeSpec(
    name="coinbase",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_COINBASE_REST_URL", "COCKPIT_COINBASE_WS_URL"),
    library_classes=("coinbase",),
    public_at="cockpit.exchanges.coinbase.market:Coinbase",
    readings_at="cockpit.exchanges.coinbase.readings:CoinbaseReadings",
    account_at="cockpit.exchanges.coinbase.account:CoinbaseAccount",
    codes_at="cockpit.exchanges.coinbase.codes:COINBASE_CODES",
    abilities=Abilities(
        gives_positioning=False,
        gives_funding_payments=False,
        has_demo=False,
        stops_at_market=False,
        previews_orders=True,
        has_sessions=True,
    ),
)
