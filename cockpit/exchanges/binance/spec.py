"""Binance's row of the registry."""

from cockpit.exchanges.base.spec import ExchangeSpec

SPEC = ExchangeSpec(
    name="binance",
    library_classes=("binance", "binanceusdm"),
    public_at="cockpit.exchanges.binance.market:Binance",
    readings_at="cockpit.exchanges.binance.readings:BinanceReadings",
    account_at="cockpit.exchanges.binance.account:BinanceAccount",
    codes_at="cockpit.exchanges.binance.codes:BINANCE_CODES",
)
