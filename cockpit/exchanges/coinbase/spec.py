"""Coinbase's row of the registry."""

from cockpit.exchanges.base.spec import ExchangeSpec

SPEC = ExchangeSpec(
    name="coinbase",
    library_classes=("coinbase",),
    public_at="cockpit.exchanges.coinbase.market:Coinbase",
    readings_at="cockpit.exchanges.coinbase.readings:CoinbaseReadings",
    account_at="cockpit.exchanges.coinbase.account:CoinbaseAccount",
    spot_account_at="cockpit.exchanges.coinbase.spot_account:CoinbaseSpotAccount",
    codes_at="cockpit.exchanges.coinbase.codes:COINBASE_CODES",
)
