"""A stop that is not seen resting in time: the position is closed at once, and the stop is still asked for."""

import pytest

from cockpit.domain.actions import QueryOrder
from cockpit.domain.commands import Restore
from cockpit.domain.events import OrderUnknown
from cockpit.domain.kinds import ExitReason, OrderRole, TradePhase
from tests.engine.scenario import Bare, config_with, restore_of


def filled(bare: Bare, qty: float | None = None) -> None:
    answer = bare.signal()
    assert answer.ok, answer.sentence
    entry = bare.placed(OrderRole.ENTRY)[-1]
    bare.accept(entry)
    bare.fill(entry, 4_000.0, qty)


@pytest.mark.parametrize(("waited_ms", "closes"), [(990, 0), (1_000, 1)])
def test_a_position_is_closed_once_its_stop_is_a_second_late(waited_ms: int, closes: int, bare: Bare) -> None:
    filled(bare)
    bare.wait_ms(waited_ms)
    assert len(bare.placed(OrderRole.CLOSE)) == closes
    assert bare.last_trade.exit_reason is (ExitReason.NO_STOP if closes else None)


def test_it_says_so_with_its_numbers_and_still_asks_for_the_stop(bare: Bare) -> None:
    filled(bare)
    stop = bare.placed(OrderRole.STOP)[0]
    bare.wait_ms(1_000)
    assert bare.notices("critical", "stop") == [
        "t000001: expected a stop for 0.01 ETH to rest on okx within 1 s of the fill, was 0: closing at once"
    ]
    assert stop.order_id in [query.order_id for query in bare.seen.of(QueryOrder)]
    assert stop.order_id not in bare.cancels()


def test_a_stop_that_rests_in_time_is_all_that_is_asked(bare: Bare) -> None:
    filled(bare)
    bare.wait_ms(900)
    bare.accept(bare.placed(OrderRole.STOP)[0])
    bare.wait_s(5)
    assert bare.placed(OrderRole.CLOSE) == []


def test_the_time_runs_from_the_fill_that_is_not_covered(bare: Bare) -> None:
    """Each part of an entry has its own second: the first part's stop does not cover the second part."""
    filled(bare, qty=0.004)
    bare.accept(bare.placed(OrderRole.STOP)[-1])
    bare.wait_ms(600)
    bare.fill(bare.placed(OrderRole.ENTRY)[0], 4_000.0, qty=0.006)
    bare.wait_ms(900)
    assert bare.placed(OrderRole.CLOSE) == []
    bare.wait_ms(100)
    assert [close.qty for close in bare.placed(OrderRole.CLOSE)] == [0.01]


def test_an_entry_that_trickles_in_is_left_alone_while_each_part_is_covered_in_time(bare: Bare) -> None:
    filled(bare, qty=0.001)
    entry = bare.placed(OrderRole.ENTRY)[0]
    for _ in range(9):
        late = bare.placed(OrderRole.STOP)[-1]
        bare.wait_ms(400)
        bare.fill(entry, 4_000.0, qty=0.001)
        bare.accept(late)
    assert bare.last_trade.open_qty == 0.01
    assert bare.placed(OrderRole.CLOSE) == []


def test_a_stop_that_is_being_moved_leaves_the_old_one_to_cover(bare: Bare) -> None:
    bare.opened()
    bare.fill(bare.placed(OrderRole.TARGET)[0], 4_010.0)
    assert bare.last_trade.stop_at_entry and not bare.last_trade.stop_rests_on_venue
    bare.wait_s(3)
    assert bare.placed(OrderRole.CLOSE) == []


def test_a_resting_stop_that_becomes_unknown_has_a_second_too(bare: Bare) -> None:
    bare.opened()
    bare.feed(OrderUnknown(bare.now_ns, bare.last_trade.stop_order_id, "timeout"))
    bare.wait_ms(900)
    assert bare.placed(OrderRole.CLOSE) == []
    bare.wait_ms(100)
    assert bare.last_trade.exit_reason is ExitReason.NO_STOP


def test_after_a_restart_the_venue_is_asked_before_the_time_runs(bare: Bare) -> None:
    filled(bare)
    memory, trades, orders = restore_of(bare)
    after = Bare(bare.config)
    after.command(Restore, memory=memory, trades=trades, orders=orders)
    after.wait_s(30)
    assert after.placed(OrderRole.CLOSE) == []
    after.reject(bare.placed(OrderRole.STOP)[0], "not found")
    after.wait_ms(1_000)
    assert after.last_trade.exit_reason is ExitReason.NO_STOP


def test_the_time_is_the_configs() -> None:
    bare = Bare(config_with("execution.stop_within_s=0.25"))
    filled(bare)
    bare.wait_ms(250)
    assert bare.last_trade.phase is TradePhase.CLOSING


def test_a_moved_stop_that_is_lost_is_placed_anew_while_the_older_one_rests(bare: Bare) -> None:
    trade = bare.opened()
    bare.fill(bare.placed(OrderRole.TARGET)[0], 4_010.0)
    moved = bare.placed(OrderRole.STOP)[-1]
    bare.reject(moved, "never arrived")
    assert bare.placed(OrderRole.CLOSE) == []
    assert trade.stop_order_id not in bare.cancels()
    again = bare.placed(OrderRole.STOP)[-1]
    assert (again.order_id != moved.order_id, again.trigger_price) == (True, moved.trigger_price)
    bare.accept(again)
    assert trade.stop_order_id in bare.cancels()


def test_a_moved_stop_that_is_refused_twice_closes(bare: Bare) -> None:
    bare.opened()
    bare.fill(bare.placed(OrderRole.TARGET)[0], 4_010.0)
    for _ in range(2):
        assert bare.placed(OrderRole.CLOSE) == []
        bare.reject(bare.placed(OrderRole.STOP)[-1], "would trigger at once")
    assert len(bare.placed(OrderRole.CLOSE)) == 1
    assert bare.last_trade.exit_reason is ExitReason.NO_STOP


def test_the_close_leaves_so_early_that_the_position_is_gone_within_its_second(bare: Bare) -> None:
    filled(bare)
    for waited_ms, closes in ((600, 0), (99, 0), (1, 1)):
        bare.wait_ms(waited_ms)
        assert len(bare.placed(OrderRole.CLOSE)) == closes
    assert bare.last_trade.exit_reason is ExitReason.NO_STOP


def test_a_stop_that_rests_at_the_very_moment_of_the_look_counts(bare: Bare) -> None:
    """Where time comes in leaps the venue's word is behind it."""
    filled(bare)
    stop = bare.placed(OrderRole.STOP)[0]
    bare.wait_ms(950)
    bare.accept(stop)
    bare.wait_s(5)
    assert bare.placed(OrderRole.CLOSE) == []


def test_the_engine_says_when_to_wake_it(bare: Bare) -> None:
    filled(bare)
    opened_ns = bare.now_ns
    for due_ms in (600, 700):
        assert bare.engine.book.stop_due_ns == opened_ns + due_ms * 1_000_000
        bare.wait_ms(due_ms - (bare.now_ns - opened_ns) // 1_000_000)
    assert bare.engine.book.stop_due_ns is None
