"""Binance's row of the registry."""

from cockpit.exchanges.base.spec import Abilities, Endpoints, ExchangeSpec

SPEC = ExchangeSpec(
    name="binance",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_BINANCEUSDM_REST_URL", "COCKPIT_BINANCEUSDM_WS_URL"),
    library_classes=("binance", "binanceusdm"),
    public_at="cockpit.exchanges.binance.market:Binance",
    readings_at="cockpit.exchanges.binance.readings:BinanceReadings",
    account_at="cockpit.exchanges.binance.account:BinanceAccount",
    codes_at="cockpit.exchanges.binance.codes:BINANCE_CODES",
    abilities=Abilities(feeds_liquidation_map=True),
)
