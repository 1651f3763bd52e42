"""The interval of an expectancy against values from a table of Student's t, and against drawn samples."""

import random
import statistics

import pytest

from cockpit.domain.intervals import Interval, interval_text
from cockpit.journal.expectancy import expectancy


def test_nothing_one_and_two_values() -> None:
    assert expectancy([]) == Interval()
    assert expectancy([0.5]) == Interval(0.5)
    found = expectancy([1.0, 3.0])
    assert found.mean == 2.0
    assert found.low95 == pytest.approx(2.0 - 12.706, abs=1e-3)


@pytest.mark.parametrize(("count", "t95"), [(11, 2.228), (31, 2.042), (41, 2.021), (61, 2.000), (121, 1.980)])
def test_the_margin_is_students(count: int, t95: float) -> None:
    values = [float(number % 7) for number in range(count)]
    found = expectancy(values)
    assert found.high95 is not None
    assert found.mean is not None
    margin = t95 * statistics.stdev(values) / count**0.5
    assert found.high95 - found.mean == pytest.approx(margin, rel=3e-3)


def test_it_covers_the_truth_about_nineteen_times_of_twenty() -> None:
    rng = random.Random(7)
    covered = 0
    for _ in range(2_000):
        found = expectancy([rng.gauss(0.1, 1.0) for _ in range(12)])
        assert found.low95 is not None
        assert found.high95 is not None
        covered += found.low95 <= 0.1 <= found.high95
    assert 0.935 < covered / 2_000 < 0.965


def test_in_words() -> None:
    assert interval_text(Interval(), "+.2f", "R") == "no trade yet"
    assert interval_text(Interval(0.5), "+.2f", "R") == "+0.50 R (95 %: one trade gives no interval)"
    assert interval_text(Interval(0.5, -0.1, 1.1), "+.2f", "R") == "+0.50 R (95 %: -0.10 to +1.10)"
