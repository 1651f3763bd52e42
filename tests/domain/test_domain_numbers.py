"""Numbers as readers see them: apart from their limits, prices to the tick, nothing of the float's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.numbers import apart, price_text, without_noise


@pytest.mark.parametrize(
    ("value", "limit", "spec", "text"),
    [
        (1.5, 2.0, ".2f", "1.50"),
        (2.0, 2.0, ".2f", "2.00"),
        (-0.0, 2.0, ".2f", "0.00"),
        (0.0, -0.0, ".2f", "0.00"),
        (1.999, 2.0, ".2f", "1.999"),
        (1.99961234, 2.0, ".2f", "1.9996"),
        (99.99987654321, 100.0, ".2f", "99.9999"),
        (0.25000123, 0.25, "+.4g", "+0.250001"),
        (0.4996, 0.5, ".0%", "49.96%"),
        (2.0000000000001, 2.0, ".2f", "2.0000000000001"),
    ],
)
def test_a_value_never_reads_like_the_limit_it_is_not(value: float, limit: float, spec: str, text: str) -> None:
    assert apart(value, limit, spec) == text


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_equal_texts_mean_equal_numbers(value: float, limit: float) -> None:
    assert (apart(value, limit, ".2f") == format(limit + 0.0, ".2f")) == (value == limit)


@pytest.mark.parametrize(
    ("price", "text"),
    [(109_639.6, "109,639.6"), (3_942.31, "3,942.31"), (2.3973, "2.3973"), (7 / 3, "2.3333333")],
)
def test_a_price_keeps_its_tick(price: float, text: str) -> None:
    assert price_text(price) == text


def test_floats_lose_their_noise_and_nothing_else_changes() -> None:
    noisy = {"price": 109639.60000000002, "sum": [0.1 + 0.2, (-1e-17,)], "n": 3, "ok": True, "none": None, "s": "0.1"}
    shown = without_noise(noisy)
    assert shown == {"price": 109639.6, "sum": [0.3, [0.0]], "n": 3, "ok": True, "none": None, "s": "0.1"}
    assert str(shown["sum"][1][0]) == "0.0"
    assert (type(shown["n"]), type(shown["ok"])) == (int, bool)
