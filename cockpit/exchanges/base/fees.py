"""What an execution cost, in USD."""

from typing import NamedTuple

from cockpit.domain.units import BPS


class FeeRates(NamedTuple):
    """The config's fee rates of a venue, in bps of the notional."""

    taker_bps: float
    maker_bps: float

    def fee_usd(self, amount: float, coin: str, notional_usd: float, is_maker: bool) -> float:
        """The fee that the venue booked; > 0 was paid.

        One paid in another coin than USDT (a discount for paying in the venue's own) is taken at the config's rate,
        which is never less: its price is not asked for.
        """
        if coin == "USDT":
            return amount
        return notional_usd * (self.maker_bps if is_maker else self.taker_bps) / BPS
