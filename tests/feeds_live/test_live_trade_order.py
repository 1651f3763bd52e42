"""Prints go on in the order of their ids, each once, and what is missing is counted."""

from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.events import Trade
from cockpit.exchanges.base import trade_order
from cockpit.exchanges.base.trade_order import TradeOrder

WAIT_NS = 250


def _print(trade_id: int) -> Trade:
    return Trade(0, 0, "binance", "BTC", 100.0, 1.0, True, trade_id)


def _ids(trades: object) -> list[int]:
    assert isinstance(trades, tuple | list)
    return [trade.trade_id for trade in trades]


def test_the_first_print_starts_the_count_wherever_it_is() -> None:
    order = TradeOrder(WAIT_NS)
    assert _ids(order.take(_print(5_000), 0)) == [5_000]
    assert (order.gaps, order.missing) == (0, 0)


def test_a_print_after_a_gap_waits_and_goes_on_with_the_missing_one() -> None:
    order = TradeOrder(WAIT_NS)
    order.take(_print(1), 0)
    assert _ids(order.take(_print(3), 10)) == []
    assert order.waits
    assert _ids(order.take(_print(2), 20)) == [2, 3]
    assert (order.waits, order.gaps) == (False, 0)


def test_what_waited_long_enough_goes_on_and_the_rest_counts_as_missing() -> None:
    order = TradeOrder(WAIT_NS)
    order.take(_print(1), 0)
    order.take(_print(5), 10)
    order.take(_print(8), 20)
    assert _ids(order.overdue(10 + WAIT_NS - 1)) == []
    assert _ids(order.overdue(10 + WAIT_NS)) == [5, 8]
    assert (order.gaps, order.missing) == (2, 3 + 2)


def test_a_print_that_covers_several_ids_follows_on_from_the_last_of_them() -> None:
    order = TradeOrder(WAIT_NS)
    order.take(_print(10), 0)
    assert _ids(order.take(_print(13), 0, count=3)) == [13]
    assert _ids(order.take(_print(16), 0, count=2)) == []
    assert _ids(order.overdue(WAIT_NS)) == [16]
    assert order.missing == 1


def test_more_held_back_than_can_be_kept_ends_the_wait() -> None:
    order = TradeOrder(WAIT_NS)
    order.take(_print(0), 0)
    released = [order.take(_print(2 + nth), 0) for nth in range(trade_order.HELD_MOST + 1)]
    assert len(released[-1]) == trade_order.HELD_MOST + 1
    assert order.missing == 1


def test_where_waiting_never_helps_prints_are_not_held_back_any_more() -> None:
    order = TradeOrder(WAIT_NS)
    order.take(_print(0), 0)
    for nth in range(1, trade_order.VAIN_WAITS + 1):
        assert _ids(order.take(_print(nth * 10), 0)) == []
        assert _ids(order.overdue(WAIT_NS)) == [nth * 10]
    assert _ids(order.take(_print(100), 0)) == [100]
    assert order.gaps == trade_order.VAIN_WAITS + 1


def test_a_wait_that_helped_makes_the_next_one_worth_it() -> None:
    order = TradeOrder(WAIT_NS)
    order.take(_print(0), 0)
    for nth in range(1, 10):
        start = nth * 100
        order.take(_print(start), 0)
        order.overdue(WAIT_NS)
        assert _ids(order.take(_print(start + 2), 0)) == []
        assert _ids(order.take(_print(start + 1), 0)) == [start + 1, start + 2]


@given(st.permutations(range(1, 30)), st.lists(st.integers(1, 29), max_size=20))
def test_whatever_the_order_of_arrival_each_print_goes_on_once_and_in_order(
    arrival: list[int], repeated: list[int]
) -> None:
    order = TradeOrder(WAIT_NS)
    gone_on = _ids(order.take(_print(0), 0))
    for trade_id in arrival + repeated:
        gone_on += _ids(order.take(_print(trade_id), 1))
    gone_on += _ids(order.overdue(1 + WAIT_NS))
    assert gone_on == list(range(30))
    assert order.duplicates == len(repeated)
    assert order.missing == 0


@given(st.lists(st.integers(1, 60), min_size=1, unique=True))
def test_gone_on_and_missing_together_make_up_the_ids(arrival: list[int]) -> None:
    order = TradeOrder(WAIT_NS)
    gone_on = _ids(order.take(_print(0), 0))
    for trade_id in arrival:
        gone_on += _ids(order.take(_print(trade_id), 1))
    gone_on += _ids(order.overdue(1 + WAIT_NS))
    assert gone_on == [0, *sorted(arrival)]
    assert order.missing == max(arrival) - len(arrival)
