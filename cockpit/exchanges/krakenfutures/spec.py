"""Kraken Futures' row of the registry."""

from cockpit.exchanges.base.spec import ExchangeSpec

SPEC = ExchangeSpec(
    name="krakenfutures",
    library_classes=("krakenfutures",),
    public_at="cockpit.exchanges.krakenfutures.market:KrakenFutures",
    readings_at="cockpit.exchanges.krakenfutures.readings:KrakenReadings",
    account_at="cockpit.exchanges.krakenfutures.account:KrakenAccount",
    codes_at="cockpit.exchanges.krakenfutures.codes:KRAKEN_CODES",
)
