"""The suites of real accounts run on both pairs of loopback venues."""

import pytest

from tests import venue_pairs
from tests.venue_pairs import venue_pair  # noqa: F401


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    venue_pairs.parametrize(metafunc)
