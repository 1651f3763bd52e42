"""Which stop it was that filled, and what becomes of a stop that was taken off."""

from scenario import Bare

from cockpit.domain.kinds import ExitReason, OrderRole, TradePhase


def test_the_first_stop_is_not_called_one_at_entry(bare: Bare) -> None:
    """The target fills, another stop is laid at entry, and the first one fills before that rests."""
    bare.opened()
    first = bare.placed(OrderRole.STOP)[0]
    bare.fill(bare.placed(OrderRole.TARGET)[0], 4_010.0)
    assert bare.last_trade.stop_at_entry
    bare.fill(first, 3_988.0, qty=bare.last_trade.open_qty)
    assert (bare.last_trade.phase, bare.last_trade.exit_reason) == (TradePhase.CLOSED, ExitReason.STOP)


def test_the_stop_at_entry_is_called_so(bare: Bare) -> None:
    bare.opened()
    bare.fill(bare.placed(OrderRole.TARGET)[0], 4_010.0)
    moved = bare.placed(OrderRole.STOP)[-1]
    bare.accept(moved)
    bare.fill(moved, 4_004.0)
    assert (bare.last_trade.phase, bare.last_trade.exit_reason) == (TradePhase.CLOSED, ExitReason.BREAKEVEN_STOP)


def test_a_stop_that_fills_after_it_was_given_up_is_the_reason(bare: Bare) -> None:
    bare.opened()
    first = bare.placed(OrderRole.STOP)[0]
    bare.fill(bare.placed(OrderRole.TARGET)[0], 4_010.0)
    moved = bare.placed(OrderRole.STOP)[-1]
    bare.reject(moved, "would trigger at once")
    bare.reject(bare.placed(OrderRole.STOP)[-1], "would trigger at once")
    assert bare.last_trade.exit_reason is ExitReason.NO_STOP
    bare.fill(first, 3_988.0, qty=bare.last_trade.open_qty)
    assert (bare.last_trade.phase, bare.last_trade.exit_reason) == (TradePhase.CLOSED, ExitReason.STOP)


def test_a_stop_that_was_taken_off_is_laid_anew_once_at_a_time(bare: Bare) -> None:
    bare.opened()
    for _ in range(3):
        stop = bare.placed(OrderRole.STOP)[-1]
        bare.cancelled(stop, "taken away by hand")
        successor = bare.placed(OrderRole.STOP)[-1]
        assert successor is not stop and successor.trigger_price == stop.trigger_price
        bare.accept(successor)
    assert bare.last_trade.phase is TradePhase.OPEN
    bare.cancelled(bare.placed(OrderRole.STOP)[-1], "taken away by hand")
    bare.cancelled(bare.placed(OrderRole.STOP)[-1], "taken away before it rested")
    assert (bare.last_trade.phase, bare.last_trade.exit_reason) == (TradePhase.CLOSING, ExitReason.NO_STOP)


def test_a_stop_that_filled_for_what_a_target_had_left_is_the_reason_whatever_is_told_first(bare: Bare) -> None:
    """As after a restart: the stop's word comes before the target's, and the venue takes no other one for nothing."""
    bare.opened()
    stop, target = bare.placed(OrderRole.STOP)[0], bare.placed(OrderRole.TARGET)[0]
    bare.fill(stop, 3_988.0, qty=bare.last_trade.open_qty - target.qty)
    bare.cancelled(stop, "filled for what was left")
    bare.reject(bare.placed(OrderRole.STOP)[-1], "would not reduce the position")
    assert bare.placed(OrderRole.CLOSE), "what counts as open is closed all the same"
    bare.fill(target, 4_010.0)
    assert (bare.last_trade.phase, bare.last_trade.exit_reason) == (TradePhase.CLOSED, ExitReason.STOP)
