"""Bybit's row of the registry."""

from cockpit.exchanges.base.spec import ExchangeSpec

SPEC = ExchangeSpec(
    name="bybit",
    library_classes=("bybit",),
    public_at="cockpit.exchanges.bybit.market:Bybit",
    readings_at="cockpit.exchanges.bybit.readings:BybitReadings",
    account_at="cockpit.exchanges.bybit.account:BybitAccount",
    codes_at="cockpit.exchanges.bybit.codes:BYBIT_CODES",
)
