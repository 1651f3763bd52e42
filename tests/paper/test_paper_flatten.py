"""Flatten closes what the venue holds, whoever opened it, keeps stops until flat, and says flat twice."""

from collections.abc import Sequence

from paper_scene import BUY, SELL, MakeScene, Scene, fills, names, open_trade, reasons

from cockpit.domain.events import OrderFilled, VenueEvent, VenueFlat, VenuePosition
from cockpit.domain.kinds import OrderType

BUSY = ["OrderAccepted", "OrderFilled", "OrderCancelled", "VenuePosition", "VenueFlat"]


def flats(events: Sequence[VenueEvent]) -> list[tuple[str, int]]:
    return [(event.venue, event.ts_ns) for event in events if isinstance(event, VenueFlat)]


def test_a_position_is_closed_reduce_only_at_market_and_then_its_stop_goes(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    events = scene.flatten()
    assert names(events) == BUSY
    assert fills(events) == [(0.01, 99_999.0)]
    assert reasons(events) == [("stop", "position is flat")]
    assert scene.position == 0.0


def test_entries_and_resting_targets_are_cancelled_before_the_close(scene: Scene) -> None:
    scene.long(0.01)
    scene.target(SELL, 0.01, 100_500.0)
    scene.limit(BUY, 0.01, 99_000.0, order_id="entry")
    events = scene.flatten()
    assert names(events)[:3] == ["OrderCancelled", "OrderCancelled", "OrderAccepted"]
    assert reasons(events) == [("target", "flatten: operator"), ("entry", "flatten: operator")]
    assert scene.working_ids == []


def test_the_stop_stays_until_the_position_is_seen_flat(scene: Scene) -> None:
    scene.long(2.0)
    scene.stop(SELL, 2.0, 99_700.0)
    scene.top(99_999.0, 100_000.0, 1.5)
    events = scene.flatten()
    assert (fills(events), flats(events)) == ([(1.5, 99_999.0)], [])
    assert "stop" in scene.working_ids
    events = scene.top(99_990.0, 99_991.0, 1.5)
    assert fills(events) == [(0.5, 99_990.0)]
    assert reasons(events) == [("stop", "position is flat")]
    assert len(flats(events)) == 1


def test_a_stop_hit_while_flattening_and_the_close_share_the_position(scene: Scene) -> None:
    scene.long(2.0)
    scene.stop(SELL, 2.0, 99_700.0)
    scene.top(99_999.0, 100_000.0, 0.5)
    scene.flatten()
    scene.top(99_600.0, 99_601.0, 0.5)
    scene.print(99_650.0)
    scene.top(99_600.0, 99_601.0, 9.0)
    assert (scene.position, scene.working_ids) == (0.0, [])


def test_flat_is_seen_twice_the_second_time_the_latency_later(make_scene: MakeScene) -> None:
    scene = make_scene(latency_ms=50.0)
    scene.top(99_999.0, 100_000.0)
    scene.market(BUY, 0.01)
    scene.flatten()
    first = scene.tick(after_ms=50.0)
    assert flats(first) == [("binance", scene.now_ns)]
    assert scene.tick(after_ms=49.0) == ()
    second = scene.tick(after_ms=1.0)
    assert flats(second) == [("binance", scene.now_ns)]
    assert scene.tick(after_ms=5_000.0) == ()


def test_without_latency_the_second_look_comes_with_the_next_event(scene: Scene) -> None:
    scene.long(0.01)
    assert len(flats(scene.flatten())) == 1
    second = scene.tick()
    assert names(second) == ["VenuePosition", "VenueFlat"]
    assert scene.tick() == ()


def test_each_look_reports_the_positions_that_were_there(scene: Scene) -> None:
    scene.long(0.01)
    seen = [event for event in scene.flatten() if isinstance(event, VenuePosition)]
    assert [(event.asset, event.qty, event.open_orders) for event in seen] == [("BTC", 0.0, 0)]


def test_venues_that_hold_nothing_say_so_at_once(scene: Scene) -> None:
    assert [venue for venue, _ in flats(scene.flatten("binance", "okx"))] == ["binance", "okx"]
    assert [venue for venue, _ in flats(scene.tick())] == ["binance", "okx"]


def test_only_the_named_venues_are_flattened(scene: Scene) -> None:
    scene.long(0.01)
    scene.flatten("okx")
    assert scene.position == 0.01


def test_a_position_nobody_asked_to_close_is_closed_under_an_id_of_the_venue(scene: Scene) -> None:
    scene.paper.restore([], [open_trade(BUY, 0.01, 100_000.0)])
    scene.top(99_999.0, 100_000.0)
    events = scene.flatten()
    (filled,) = [event for event in events if isinstance(event, OrderFilled)]
    assert filled.order_id.startswith("flatten-binance-BTC-")


def test_a_restart_does_not_give_a_closing_order_the_same_id_again(scene: Scene) -> None:
    ids = []
    for _ in range(2):
        restarted = Scene(scene.config)
        restarted.now_ns = scene.now_ns
        restarted.long(0.01)
        ids += [event.order_id for event in restarted.flatten() if isinstance(event, OrderFilled)]
        scene.now_ns = restarted.now_ns
    assert len(set(ids)) == 2


def test_a_close_that_is_under_way_is_not_doubled(scene: Scene) -> None:
    scene.long(2.0)
    scene.top(99_999.0, 100_000.0, 0.5)
    scene.close(SELL, 2.0)
    events = scene.flatten()
    assert names(events) == []
    assert fills(scene.top(99_999.0, 100_000.0, 9.0)) == [(1.5, 99_999.0)]


def test_a_position_without_a_book_is_closed_on_its_first_top(scene: Scene) -> None:
    scene.paper.restore([], [open_trade(SELL, 0.01, 100_000.0)])
    assert scene.flatten() == ()
    assert scene.tick(after_ms=3_600_000.0) == ()
    events = scene.top(99_999.0, 100_001.0)
    assert fills(events) == [(0.01, 100_001.0)]
    assert len(flats(events)) == 1


def test_an_entry_that_comes_after_the_first_look_is_cancelled_and_flat_counted_anew(make_scene: MakeScene) -> None:
    scene = make_scene(latency_ms=50.0)
    scene.top(99_999.0, 100_000.0, 1.0)
    scene.flatten()
    scene.now_ns += 20_000_000
    scene.market(BUY, 1.5)
    assert len(flats(scene.tick(after_ms=30.0))) == 1
    late = scene.tick(after_ms=20.0)
    assert names(late) == ["OrderAccepted", "OrderFilled", "OrderCancelled", "OrderAccepted", "OrderFilled", *BUSY[3:]]
    assert scene.position == 0.0
    assert flats(scene.tick(after_ms=30.0)) == []
    assert len(flats(scene.tick(after_ms=20.0))) == 1


def test_a_limit_entry_sent_into_a_flatten_does_not_stay(scene: Scene) -> None:
    scene.long(2.0)
    scene.top(99_999.0, 100_000.0, 1.0)
    scene.flatten()
    assert names(scene.limit(BUY, 0.01, 99_000.0, order_id="late")) == ["OrderAccepted", "OrderCancelled"]


def test_dust_of_less_than_a_lot_is_closed_too(scene: Scene) -> None:
    scene.paper.restore([], [open_trade(BUY, 0.0004, 100_000.0)])
    scene.top(99_999.0, 100_000.0)
    assert fills(scene.flatten()) == [(0.0004, 99_999.0)]


def test_all_positions_of_a_venue_are_closed(scene: Scene) -> None:
    scene.long(0.01)
    scene.asset = "ETH"
    scene.top(4_000.0, 4_000.5)
    scene.market(SELL, 0.5)
    events = scene.flatten()
    assert fills(events) == [(0.01, 99_999.0), (0.5, 4_000.5)]
    ids = [event.order_id for event in events if isinstance(event, OrderFilled)]
    assert len(set(ids)) == 2
    assert scene.paper.working() == ()


def test_the_closing_order_is_a_reduce_only_market_order(scene: Scene) -> None:
    scene.long(2.0)
    scene.top(99_999.0, 100_000.0, 1.0)
    scene.flatten()
    (closing,) = [order.request for order in scene.paper.working()]
    assert (closing.order_type, closing.reduce_only, closing.side) == (OrderType.MARKET, True, SELL)
