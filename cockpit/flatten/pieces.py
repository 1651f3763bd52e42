"""A position that is larger than one market order may be is closed by several, all sent at once."""

from decimal import ROUND_DOWN, Decimal

from cockpit.domain.quantity import DECIMALS, rounded
from cockpit.domain.units import seconds_to_ns
from cockpit.exchanges.base.account import HeldPosition, PositionKey

# Positions too small for their venue to close: declared, and tried again from time to time, never in a hot loop.

TRIES = 3
"""A position counts as dust for good once the venue refused it so often."""

Place = PositionKey


class Dust:
    """What was refused for its size, by perpetual and side. A position that has changed since is none any more."""

    def __init__(self, again_s: float) -> None:
        self._again_ns = seconds_to_ns(again_s)
        self._qty: dict[Place, float] = {}
        self._tries: dict[Place, int] = {}
        self._due_ns: dict[Place, int] = {}

    def declare(self, position: HeldPosition, now_ns: int) -> None:
        """The venue refused to close it: it is under its least size."""
        place = _place(position)
        self._tries[place] = self._tries.get(place, 0) + 1 if self._qty.get(place) == position.qty else 1
        self._qty[place] = position.qty
        self._due_ns[place] = now_ns + self._again_ns

    def is_due(self, position: HeldPosition, now_ns: int) -> bool:
        """Whether a close may be tried (again)."""
        return self._qty.get(_place(position)) != position.qty or now_ns >= self._due_ns[_place(position)]

    def is_declared(self, position: HeldPosition) -> bool:
        """Whether it was refused often enough."""
        return self._qty.get(_place(position)) == position.qty and self._tries[_place(position)] >= TRIES


def _place(position: HeldPosition) -> Place:
    return position.key


MOST_PIECES = 20
"""So many closes of one position leave in a round; what is left is seen in the next."""


class ClosePieces:
    """What the venue's lists say of its largest order, and what its refusals teach where they say nothing, or wrong."""

    def __init__(self) -> None:
        self._learnt: dict[PositionKey, float] = {}

    def of(self, position: HeldPosition, most_at_market: float | None) -> list[HeldPosition]:
        """The position in parts that one order each may close; `most_at_market` is in base coins."""
        limits = [limit for limit in (most_at_market, self._learnt.get(position.key)) if limit]
        if not limits or abs(position.qty) <= min(limits):
            return [position]
        most = min(limits)
        pieces: list[HeldPosition] = []
        left = position
        while len(pieces) < MOST_PIECES and abs(left.qty) > most:
            piece, left = _split(left, most)
            if not piece.qty:
                return [position]
            pieces.append(piece)
        return [*pieces, left] if left.qty and len(pieces) < MOST_PIECES else pieces

    def was_too_large(self, piece: HeldPosition) -> None:
        """The venue refused it for its size: half of it is tried next."""
        self._learnt[piece.key] = abs(piece.qty) / 2


def _split(position: HeldPosition, qty: float) -> tuple[HeldPosition, HeldPosition]:
    """So much of it in base coins, and the rest; in contracts both as finely as the position is counted."""
    share = Decimal(repr(qty)) / Decimal(repr(abs(position.qty)))
    sign = 1.0 if position.qty > 0 else -1.0
    if not position.contracts:
        taken = rounded(sign * qty)
        return position._replace(qty=taken), position._replace(qty=rounded(position.qty - taken))
    held = Decimal(position.contracts)
    finest = Decimal(1).scaleb(int(held.as_tuple().exponent))
    contracts = (held * share).quantize(finest, rounding=ROUND_DOWN)
    taken = round(sign * float(abs(Decimal(repr(position.qty))) * contracts / held), DECIMALS)
    rest = position._replace(qty=rounded(position.qty - taken), contracts=str(held - contracts))
    return position._replace(qty=taken, contracts=str(contracts)), rest
