"""A stop that fills while its entry is still filling: whatever is held at any moment has a stop or is being closed."""

from cockpit.domain.actions import CancelOrder
from cockpit.domain.kinds import OrderRole, TradePhase
from tests.engine.scenario import Bare


def test_an_entry_that_fills_on_after_its_stop_made_it_flat_is_protected_and_closed(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed(OrderRole.ENTRY)[0]
    bare.fill(entry, 4_000.0, qty=0.004)
    first_stop = bare.placed(OrderRole.STOP)[-1]
    bare.accept(first_stop)
    bare.fill(first_stop, 3_988.0, qty=0.004)
    assert bare.last_trade.open_qty == 0 and bare.last_trade.phase is TradePhase.CLOSING
    assert entry.order_id in [cancel.order_id for cancel in bare.seen.of(CancelOrder)]

    bare.fill(entry, 3_990.0, qty=0.006)
    assert bare.last_trade.open_qty == 0.006
    assert [(close.qty, close.reduce_only) for close in bare.placed(OrderRole.CLOSE)] == [(0.006, True)]
    stop = bare.placed(OrderRole.STOP)[-1]
    assert (stop.order_id != first_stop.order_id, stop.qty) == (True, 0.006)

    bare.fill(bare.placed(OrderRole.CLOSE)[0], 3_989.0)
    assert bare.last_trade.phase is TradePhase.CLOSED
    assert stop.order_id in [cancel.order_id for cancel in bare.seen.of(CancelOrder)]
