"""What is listed: four perpetuals with the figures the venues publish (venue notes 8.3; recorded wire data)."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass
class Instrument:
    """One contract. `contract` is the base quantity of one unit of order size; a test may change lot and tick."""

    id: str
    base: str
    tick: Decimal
    lot: Decimal
    min_qty: Decimal
    max_qty: Decimal
    max_market_qty: Decimal
    min_notional: Decimal
    contract: Decimal
    quote: str = "USDT"
    maintenance: Decimal = Decimal("0.004")
    max_leverage: int = 100
    interval_h: int = 8
    is_live: bool = True


PRICES = {"BTC": Decimal("60000"), "ETH": Decimal("3000"), "SOL": Decimal("150"), "XRP": Decimal("0.6")}


def _binance(base: str, tick: str, lot: str, most: str, market: str, notional: str) -> Instrument:
    return Instrument(
        id=f"{base}USDT",
        base=base,
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_qty=Decimal(lot),
        max_qty=Decimal(most),
        max_market_qty=Decimal(market),
        min_notional=Decimal(notional),
        contract=Decimal(1),
    )


def _okx(base: str, tick: str, lot: str, contract: str) -> Instrument:
    return Instrument(
        id=f"{base}-USDT-SWAP",
        base=base,
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_qty=Decimal(lot),
        max_qty=Decimal(100_000_000),
        max_market_qty=Decimal(12_000),
        min_notional=Decimal(0),
        contract=Decimal(contract),
    )


def binance_instruments() -> list[Instrument]:
    return [
        _binance("BTC", "0.1", "0.001", "1000", "120", "100"),
        _binance("ETH", "0.01", "0.001", "10000", "2000", "20"),
        _binance("SOL", "0.01", "0.01", "1000000", "5000", "5"),
        _binance("XRP", "0.0001", "0.1", "10000000", "2000000", "5"),
    ]


def okx_instruments() -> list[Instrument]:
    return [
        _okx("BTC", "0.1", "0.01", "0.01"),
        _okx("ETH", "0.01", "0.01", "0.1"),
        _okx("SOL", "0.01", "0.01", "1"),
        _okx("XRP", "0.0001", "0.01", "100"),
    ]
