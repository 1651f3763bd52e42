"""The benchmark's figures are looked at, never asserted; that all are read at once is shown in tests/runtime."""

from tests.benchmarks.many_exchanges import Cost, line


def test_it_says_what_the_last_exchange_added() -> None:
    two = Cost(("binance", "okx"), 160.0, 0.05, 120.0)
    three = Cost(("binance", "okx", "bybit"), 164.5, 0.062, 118.0)
    assert line(two, None) == ("2 exchanges   160.0 MB    5.0% of a core   120 messages/s from each  binance, okx")
    assert line(three, two).endswith("118 messages/s from each  bybit adds +4.5 MB, +1.2%")
