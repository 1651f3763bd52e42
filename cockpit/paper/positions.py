"""What a venue holds for us: signed base coins by venue and asset, with their average entry price."""

import msgspec

from cockpit.domain.kinds import Side
from cockpit.domain.quantity import rounded


class Position(msgspec.Struct, frozen=True):
    """Signed base coins (+ long, 0 flat) and the average price they were opened at (0 when flat)."""

    qty: float = 0.0
    entry_price: float = 0.0

    def after(self, side: Side, qty: float, price: float) -> "Position":
        """The position after an execution. Adding averages the entry, reducing keeps it, turning starts anew."""
        held = rounded(self.qty + side.sign * qty)
        if held == 0:
            return Position()
        if self.qty * side.sign >= 0:
            return Position(held, (abs(self.qty) * self.entry_price + qty * price) / (abs(self.qty) + qty))
        return Position(held, self.entry_price if held * self.qty > 0 else price)

    def reducible(self, side: Side) -> float:
        """How much an order of this side may execute before the position is flat; 0 if it would only add to it."""
        return max(0.0, -side.sign * self.qty)


FLAT = Position()


class Positions:
    """Every position of the venues, FLAT where nothing was ever traded."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Position] = {}

    def of(self, venue: str, asset: str) -> Position:
        """The position there."""
        return self._held.get((venue, asset), FLAT)

    def book(self, venue: str, asset: str, side: Side, qty: float, price: float) -> Position:
        """Add one execution and return the position after it."""
        self._held[venue, asset] = position = self.of(venue, asset).after(side, qty, price)
        return position

    def open_on(self, venue: str) -> list[tuple[str, Position]]:
        """Asset and position of everything held on a venue."""
        return [(asset, held) for (where, asset), held in self._held.items() if where == venue and held.qty != 0]
