"""Kraken Futures' row of the registry."""

from cockpit.exchanges.base.spec import Abilities, Endpoints, ExchangeSpec

SPEC = ExchangeSpec(
    name="krakenfutures",
    needs_password=False,
    endpoints=Endpoints("COCKPIT_KRAKENFUTURES_REST_URL", "COCKPIT_KRAKENFUTURES_WS_URL"),
    library_classes=("krakenfutures",),
    public_at="cockpit.exchanges.krakenfutures.market:KrakenFutures",
    readings_at="cockpit.exchanges.krakenfutures.readings:KrakenReadings",
    account_at="cockpit.exchanges.krakenfutures.account:KrakenAccount",
    codes_at="cockpit.exchanges.krakenfutures.codes:KRAKEN_CODES",
    abilities=Abilities(gives_positioning=False, gives_permissions=False),
)
