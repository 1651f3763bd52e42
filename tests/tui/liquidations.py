"""Liquidations for the stored scenes: forced orders that happened, and an estimate of those that wait."""

from collections.abc import Iterator

from cockpit.domain.events import Liquidation, LiquidationCluster, LiquidationMap

ESTIMATED = {
    "BTC": ((110_950.0, 111_250.0, 41.0e6), (109_900.0, 110_150.0, 18.5e6), (109_350.0, 109_500.0, 6.2e6),
            (107_600.0, 107_850.0, 9.4e6), (106_450.0, 106_750.0, 33.0e6), (105_000.0, 105_200.0, 22.0e6)),
    "SOL": ((189.6, 190.4, 5.2e6), (183.0, 183.9, 7.7e6)),
    "ETH": ((3_960.0, 3_985.0, 12.0e6), (3_810.0, 3_840.0, 15.0e6)),
}  # fmt: skip
"""By asset: lower and upper price, USD. Longs are closed under the market, shorts above it."""
HAPPENED = ((109_720.0, 0.9, False), (109_760.0, 2.1, False), (109_810.0, 0.4, False), (108_020.0, 1.6, True),
            (107_960.0, 3.3, True), (107_400.0, 0.7, True))  # fmt: skip
"""BTC: price, coins, and whether a long was closed."""
EXPLAINED_PCT = {"BTC": 34.0, "SOL": 12.0, "ETH": 21.0}


def estimates(now_ns: int, prices: dict[str, float]) -> Iterator[LiquidationMap]:
    for asset, found in ESTIMATED.items():
        clusters = [
            LiquidationCluster(low, high, usd, "estimated", 0, high < prices[asset]) for low, high, usd in found
        ]
        yield LiquidationMap(now_ns, asset, "binance", tuple(clusters), EXPLAINED_PCT[asset])


def forced_orders(now_ns: int) -> Iterator[Liquidation]:
    for price, coins, is_long in HAPPENED:
        yield Liquidation(now_ns, now_ns, "binance", "BTC", price, coins, is_long)
