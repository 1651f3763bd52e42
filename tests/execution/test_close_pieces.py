"""A position is split into orders that the venue takes, and the pieces are the whole."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchanges.base.account import HeldPosition
from cockpit.flatten.pieces import MOST_PIECES, ClosePieces


def held(qty: float, contracts: str = "") -> HeldPosition:
    return HeldPosition("BTC", qty, 100.0, 100.0, None, None, contracts=contracts)


def test_what_fits_one_order_is_one_order() -> None:
    assert ClosePieces().of(held(5.0, "5"), None) == [held(5.0, "5")]
    assert ClosePieces().of(held(5.0, "5"), 5.0) == [held(5.0, "5")]


def test_what_does_not_is_several() -> None:
    pieces = ClosePieces().of(held(-0.25, "25"), 0.1)
    assert [(piece.qty, piece.contracts) for piece in pieces] == [(-0.1, "10"), (-0.1, "10"), (-0.05, "5")]


def test_a_refusal_teaches_what_no_list_says() -> None:
    splitting = ClosePieces()
    splitting.was_too_large(held(8.0, "8"))
    assert [piece.qty for piece in splitting.of(held(8.0, "8"), None)] == [4.0, 4.0]
    splitting.was_too_large(held(4.0, "4"))
    assert [piece.qty for piece in splitting.of(held(8.0, "8"), 100.0)] == [2.0] * 4


@given(st.integers(1, 10**6), st.floats(0.5, 10**6), st.sampled_from([-1, 1]))
def test_the_pieces_are_never_more_than_the_whole(contracts: int, most: float, sign: int) -> None:
    pieces = ClosePieces().of(held(sign * contracts / 100, str(contracts)), most / 100)
    total = sum(Decimal(piece.contracts) for piece in pieces)
    assert total <= contracts and (len(pieces) == MOST_PIECES or total == contracts)
    assert sum(piece.qty for piece in pieces) * 100 == pytest.approx(sign * float(total))
    assert all(piece.qty * sign > 0 for piece in pieces)
