"""Prices to rows of the ladder, and back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Row 0 is at `top`, each row `step` USD lower."""

    top: float
    step: float
    rows: int

    def row_of(self, price: float) -> int:
        """The row nearest to a price; outside the scale it is below 0 or beyond the last."""
        return round((self.top - price) / self.step)

    def price_at(self, row: int) -> float:
        """The price in the middle of a row."""
        return self.top - row * self.step

    def holds(self, low: float, high: float) -> bool:
        """Whether both prices have a row."""
        return self.row_of(high) >= 0 and self.row_of(low) < self.rows
