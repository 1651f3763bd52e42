"""What Aave says of one account, in its own integers: its health factor is taken only where the totals bear it out."""

from typing import NamedTuple

NO_DEBT = 2**256 - 1
"""The health factor of who owes nothing."""
WAD = 10**18
BASE_UNITS_PER_USD = 10**8
BPS = 10_000
ROUNDING = 2
"""Base units by which a total may be off: the pool rounds each step to the nearest or down."""


class AccountData(NamedTuple):
    """`getUserAccountData`: totals in USD with 8 decimals, thresholds in bps, the health factor with 18 decimals."""

    collateral_base: int
    debt_base: int
    available_base: int
    threshold_bps: int
    ltv_bps: int
    health_factor_wad: int

    @property
    def owes_nothing(self) -> bool:
        """Whether there is no debt; the health factor is then a huge number that means nothing."""
        return self.debt_base == 0

    @property
    def health_factor(self) -> float | None:
        """The health factor, None without debt."""
        return None if self.owes_nothing else self.health_factor_wad / WAD

    @property
    def collateral_usd(self) -> float:
        """What was supplied as collateral, as the oracle prices it."""
        return self.collateral_base / BASE_UNITS_PER_USD

    @property
    def debt_usd(self) -> float:
        """What is owed, as the oracle prices it."""
        return self.debt_base / BASE_UNITS_PER_USD

    @property
    def as_text(self) -> str:
        """The health factor for a sentence."""
        return "no debt" if self.owes_nothing else f"{self.health_factor:.4f}"


def contradiction(data: AccountData) -> str:
    """Why the health factor cannot belong to these totals, empty where it can.

    Health factor = collateral x threshold / debt. The threshold comes truncated to whole bps, so the true one lies
    within one bp above it; every total may be off by its own rounding.
    """
    if data.owes_nothing:
        if data.health_factor_wad == NO_DEBT:
            return ""
        return f"expected the health factor of no debt, was {data.health_factor_wad / WAD:g}"
    if data.health_factor_wad == NO_DEBT:
        return f"expected a health factor for a debt of {data.debt_usd:g} USD, was that of no debt"
    weighted_low = data.collateral_base * data.threshold_bps // BPS - ROUNDING
    weighted_high = data.collateral_base * (data.threshold_bps + 1) // BPS + ROUNDING
    told = data.health_factor_wad * data.debt_base
    if weighted_low * WAD - data.debt_base <= told <= weighted_high * WAD + data.debt_base:
        return ""
    made = data.collateral_base * data.threshold_bps / BPS / data.debt_base
    return f"health factor {data.health_factor_wad / WAD:.4f} does not follow from its totals: these make {made:.4f}"
