"""After a crash the venue stands where the journal says it stood."""

import pytest
from msgspec.structs import replace
from paper_scene import BUY, SELL, Scene, fills, names, open_trade, reasons

from cockpit.domain.events import OrderFilled
from cockpit.domain.kinds import OrderRole, OrderStatus
from cockpit.domain.orders import OrderProgress


def working(scene: Scene, order_id: str, *, limit: float | None = None, trigger: float | None = None) -> OrderProgress:
    role = OrderRole.TARGET if trigger is None else OrderRole.STOP
    request = scene.request(SELL, 0.01, role=role, reduce_only=True, order_id=order_id, limit=limit, trigger=trigger)
    return OrderProgress(request, OrderStatus.WORKING, venue_order_id=f"paper-{order_id}")


def test_positions_are_the_open_quantities_of_the_trades(scene: Scene) -> None:
    trades = [
        open_trade(BUY, 0.01, 100_000.0),
        open_trade(BUY, 0.03, 104_000.0, trade_id="t2"),
        open_trade(SELL, 2.0, 4_000.0, venue="okx", asset="ETH", trade_id="t3"),
    ]
    scene.paper.restore([], trades)
    assert scene.position == 0.04
    assert scene.paper.position("okx", "ETH") == -2.0
    (held,) = scene.query_position()
    assert held.entry_price == pytest.approx(103_000.0)  # type: ignore[union-attr]


def test_working_stops_and_targets_rest_again(scene: Scene) -> None:
    orders = [working(scene, "stop", trigger=99_700.0), working(scene, "target", limit=100_500.0)]
    scene.paper.restore(orders, [open_trade(BUY, 0.01, 100_000.0)])
    assert scene.top(99_999.0, 100_000.0) == ()
    assert scene.working_ids == ["stop", "target"]
    events = scene.print(99_600.0)
    assert fills(events) == [(0.01, 99_600.0)]
    assert reasons(events) == [("target", "position is flat")]


def test_a_partly_filled_target_fills_only_its_rest_under_a_new_fill_id(scene: Scene) -> None:
    scene.long(0.01)
    scene.target(SELL, 0.01, 100_500.0)
    (before,) = scene.print(100_501.0, 0.004)
    restarted = Scene(scene.config)
    restarted.paper.restore(scene.paper.working(), [open_trade(BUY, 0.006, 100_000.0)])
    restarted.now_ns = scene.now_ns
    (after,) = restarted.print(100_501.0)
    assert isinstance(before, OrderFilled)
    assert isinstance(after, OrderFilled)
    assert (after.qty, restarted.position) == (0.006, 0.0)
    assert before.fill_id != after.fill_id


def test_a_stop_that_had_begun_to_fill_goes_on_no_better_than_its_trigger(scene: Scene) -> None:
    stop = replace(
        working(scene, "stop", trigger=99_700.0),
        status=OrderStatus.PARTLY_FILLED,
        filled_qty=0.004,
        average_price=99_700.0,
    )
    scene.paper.restore([stop], [open_trade(BUY, 0.006, 100_000.0)])
    assert fills(scene.top(99_800.0, 99_801.0)) == [(0.006, 99_700.0)]


def test_reduce_only_orders_without_a_position_are_cancelled_with_the_next_input(scene: Scene) -> None:
    scene.paper.restore([working(scene, "stop", trigger=99_700.0)], [])
    events = scene.tick()
    assert reasons(events) == [("stop", "position is flat")]
    assert [event.ts_ns for event in events] == [scene.now_ns]


def test_an_order_still_on_its_way_never_arrived(scene: Scene) -> None:
    sent = replace(working(scene, "stop", trigger=99_700.0), status=OrderStatus.SENT)
    scene.paper.restore([sent], [open_trade(BUY, 0.01, 100_000.0)])
    assert scene.working_ids == []
    assert names(scene.query("stop")) == ["OrderRejected"]


def test_the_id_of_an_order_that_was_final_is_not_used_again(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0)
    done = OrderProgress(scene.request(BUY, 0.01, order_id="done"), OrderStatus.FILLED, 0.01, 100_000.0)
    scene.paper.restore([done], [])
    assert names(scene.place(done.request)) == ["OrderAccepted"]
    assert scene.position == 0.0


def test_a_restored_entry_keeps_its_time_limit(scene: Scene) -> None:
    entry = scene.request(BUY, 0.01, limit=99_900.0, expires_ns=scene.ms(1_000), order_id="entry")
    scene.paper.restore([OrderProgress(entry, OrderStatus.WORKING)], [])
    assert scene.tick(after_ms=999.0) == ()
    assert reasons(scene.tick(after_ms=1.0)) == [("entry", "its time limit is over")]


def test_what_was_restored_is_what_was_saved(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    scene.target(SELL, 0.01, 100_500.0)
    scene.print(100_501.0, 0.004)
    restarted = Scene(scene.config)
    restarted.paper.restore(scene.paper.working(), [open_trade(BUY, 0.006, 100_000.0)])
    assert restarted.paper.working() == scene.paper.working()
    assert restarted.paper.working("okx") == ()


def test_an_instrument_that_left_the_config_is_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match=r"expected venues\.deribit\.instruments\.BTC in the config, was not there"):
        scene.paper.restore([], [open_trade(BUY, 0.01, 100_000.0, venue="deribit")])
    scene.venue = "deribit"
    with pytest.raises(ValueError, match="deribit"):
        scene.paper.restore([working(scene, "stop", trigger=99_700.0)], [])
