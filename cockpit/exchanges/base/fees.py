"""What an execution or a funding payment was in USD, whatever coin the venue booked it in."""

from collections.abc import Awaitable, Callable, Iterable
from math import isfinite
from typing import NamedTuple

from cockpit.domain.units import BPS
from cockpit.exchanges.base.account import CoinAmount, VenueFailure
from cockpit.exchanges.base.timing import Timing, within

USD_COINS = frozenset({"USDT", "USDC", "FDUSD", "BUSD", "USDG", "USD"})
"""Taken at 1."""
ASK_WITHIN_S = 1.0
"""No stop waits longer for what a fee was worth."""
ASK_AGAIN_S, KNOWN_FOR_S = 600.0, 3_600.0


class Fee(NamedTuple):
    """`usd` > 0 was paid. `unconverted` is what was booked, where that is of no known price: `usd` is estimated."""

    usd: float
    unconverted: CoinAmount | None = None


class CoinPrices:
    """What coins are worth, by the mark of their perpetuals. `mark_price` asks the venue; it raises `VenueFailure`."""

    def __init__(self, mark_price: Callable[[str], Awaitable[float]], timing: Timing) -> None:
        self._mark_price = mark_price
        self._timing = timing
        self._known: dict[str, tuple[float, int]] = {}

    async def learn(self, coins: Iterable[str]) -> None:
        """Ask what these are worth, where that is not known or was long ago. A coin that has no price stays without."""
        for coin in sorted(set(coins) - USD_COINS):
            if self._age_s(coin) < ASK_AGAIN_S:
                continue
            try:
                price = await within(ASK_WITHIN_S, self._mark_price(coin), f"price of {coin}")
            except VenueFailure:
                continue
            if price > 0.0:
                self._known[coin] = price, self._timing.clock()

    def usd(self, amount: float, coin: str) -> float | None:
        """An amount in USD; None where its price is not known."""
        if coin in USD_COINS:
            return amount
        return amount * self._known[coin][0] if self._age_s(coin) < KNOWN_FOR_S else None

    def _age_s(self, coin: str) -> float:
        known = self._known.get(coin)
        return float("inf") if known is None else self._timing.since_s(known[1])


class Fees:
    """What executions cost. The config's rates of the venue, in bps of the notional, are for what has no price."""

    def __init__(self, taker_bps: float, maker_bps: float, prices: CoinPrices) -> None:
        self._taker_bps = taker_bps
        self._maker_bps = maker_bps
        self._prices = prices

    def fee(self, amount: float, coin: str, notional_usd: float, is_maker: bool) -> Fee:
        """The fee that the venue booked; > 0 was paid.

        One in a coin of no known price is estimated at the config's rate, and says so. Raises ValueError for an
        execution whose numbers are none: nothing is booked of it.
        """
        if not (isfinite(amount) and isfinite(notional_usd)):
            raise ValueError(f"expected a fee and a notional, was {amount} on {notional_usd}")
        usd = self._prices.usd(amount, coin)
        if usd is not None:
            return Fee(usd)
        return Fee(notional_usd * (self._maker_bps if is_maker else self._taker_bps) / BPS, CoinAmount(amount, coin))
