"""What the venue refuses at its door, with both numbers; and that an order id never executes twice."""

import pytest
from msgspec.structs import replace
from paper_scene import BUY, SELL, MakeScene, Scene, fills, names, reasons

from cockpit.domain.events import OrderAccepted

ON_BINANCE = "(binance BTC)"


@pytest.mark.parametrize(
    ("qty", "limit", "trigger", "sentence"),
    [
        (0.0015, None, None, f"quantity 0.0015 is not a multiple of the lot 0.001 {ON_BINANCE}"),
        (0.0, None, None, f"expected a quantity above 0, was 0 {ON_BINANCE}"),
        (-1.0, None, None, f"expected a quantity above 0, was -1 {ON_BINANCE}"),
        (float("nan"), None, None, f"expected a quantity above 0, was nan {ON_BINANCE}"),
        (0.01, 99_900.05, None, f"limit price 99900.05 is not on the tick 0.1 {ON_BINANCE}"),
        (0.01, -1.0, None, f"expected a limit price above 0, was -1.0 {ON_BINANCE}"),
        (0.01, None, 99_900.05, f"trigger price 99900.05 is not on the tick 0.1 {ON_BINANCE}"),
        (0.001, 90_000.0, None, f"notional 90.00 USD under the minimum 100.00 USD {ON_BINANCE}"),
        (0.001, None, None, f"notional 99.99 USD under the minimum 100.00 USD {ON_BINANCE}"),
    ],
)
def test_an_order_against_the_venues_rules_is_rejected(
    scene: Scene, qty: float, limit: float | None, trigger: float | None, sentence: str
) -> None:
    scene.top(99_985.0, 99_990.0)
    order = scene.request(BUY, qty, limit=limit, trigger=trigger, order_id="x")
    assert reasons(scene.place(order)) == [("x", sentence)]
    assert scene.working_ids == []


def test_a_quantity_under_the_minimum_is_rejected(scene: Scene) -> None:
    instruments = scene.config.venues["binance"].instruments
    bigger = instruments["BTC"].model_copy(update={"min_qty": 0.002})
    venue = scene.config.venues["binance"].model_copy(update={"instruments": {**instruments, "BTC": bigger}})
    strict = Scene(scene.config.model_copy(update={"venues": {**scene.config.venues, "binance": venue}}))
    strict.top(149_999.0, 150_000.0)
    assert reasons(strict.market(BUY, 0.001, order_id="x")) == [
        ("x", "quantity 0.001 under the minimum 0.002 (binance BTC)")
    ]
    assert fills(strict.market(BUY, 0.002)) == [(0.002, 150_000.0)]


@pytest.mark.parametrize("qty", [0.3, 0.1 + 0.2, 0.001 * 7])
def test_a_quantity_that_is_a_multiple_but_for_the_floats_own_error_is_taken(scene: Scene, qty: float) -> None:
    scene.top(99_999.0, 100_000.0)
    assert names(scene.market(BUY, qty)) == ["OrderAccepted", "OrderFilled"]
    assert scene.position == pytest.approx(qty)
    assert scene.working_ids == []


def test_a_venue_without_a_smallest_notional_takes_a_small_order(make_scene: MakeScene) -> None:
    scene = make_scene(venue="okx")
    scene.top(99_999.0, 100_000.0)
    assert fills(scene.market(BUY, 0.0001)) == [(0.0001, 100_000.0)]


def test_an_instrument_the_config_does_not_list_is_rejected(scene: Scene) -> None:
    scene.venue = "deribit"
    assert reasons(scene.market(BUY, 0.01, order_id="x")) == [
        ("x", "expected an instrument of the config, was BTC on deribit")
    ]


def test_prints_and_tops_of_what_the_config_does_not_list_are_let_pass(scene: Scene) -> None:
    scene.asset = "PEPE"
    assert scene.print(1.0) == ()
    assert scene.top(1.0, 2.0) == ()
    assert scene.depth([], []) == ()
    assert scene.mark(1.0) == ()


def test_an_order_id_sent_twice_executes_once(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0)
    order = scene.request(BUY, 0.01, order_id="once")
    assert names(scene.place(order)) == ["OrderAccepted", "OrderFilled"]
    assert names(scene.place(order)) == ["OrderAccepted"]
    assert scene.position == 0.01


def test_a_rejected_id_stays_rejected(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0)
    bad = scene.request(BUY, 0.0015, order_id="bad")
    assert names(scene.place(bad)) == ["OrderRejected"]
    assert names(scene.place(replace(bad, qty=0.01))) == ["OrderRejected"]
    assert scene.position == 0.0


def test_a_query_tells_how_the_order_stands(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0)
    scene.limit(BUY, 0.01, 99_900.0, order_id="rests")
    scene.limit(BUY, 0.01, 99_900.0, order_id="gone")
    scene.cancel("gone")
    scene.market(BUY, 0.01, order_id="filled")
    scene.market(BUY, 0.0015, order_id="refused")
    asked = ("rests", "gone", "filled", "refused", "never")
    assert [names(scene.query(order_id)) for order_id in asked] == [
        ["OrderAccepted"],
        ["OrderCancelled"],
        ["OrderAccepted"],
        ["OrderRejected"],
        ["OrderRejected"],
    ]
    assert reasons(scene.query("never")) == [("never", "not found: the venue never had this order")]


def test_the_answer_to_a_query_carries_the_same_venue_order_id(scene: Scene) -> None:
    (accepted,) = scene.limit(BUY, 0.01, 99_900.0, order_id="rests")
    (answer,) = scene.query("rests")
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(answer, OrderAccepted)
    assert accepted.venue_order_id == answer.venue_order_id


def test_a_cancel_of_a_final_or_unknown_order_says_nothing(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0)
    scene.market(BUY, 0.01, order_id="filled")
    assert scene.cancel("filled") == ()
    assert scene.cancel("never") == ()


def test_a_position_query_answers_quantity_entry_and_orders(scene: Scene) -> None:
    scene.short(0.02)
    scene.stop(BUY, 0.02, 100_300.0)
    (held,) = scene.query_position()
    assert (held.qty, held.entry_price, held.open_orders) == (-0.02, 100_000.0, 1)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fills_in_turn", "entry"),
    [
        ([(BUY, 0.01, 100_000.0), (BUY, 0.03, 104_000.0)], 103_000.0),
        ([(BUY, 0.02, 100_000.0), (SELL, 0.01, 104_000.0)], 100_000.0),
        ([(BUY, 0.01, 100_000.0), (SELL, 0.03, 104_000.0)], 104_000.0),
        ([(SELL, 0.01, 100_000.0), (BUY, 0.01, 104_000.0)], 0.0),
    ],
)
def test_the_entry_price_averages_adding_keeps_reducing_and_starts_anew_turning(
    scene: Scene, fills_in_turn: list[tuple[object, float, float]], entry: float
) -> None:
    for side, qty, price in fills_in_turn:
        scene.top(price, price)
        scene.market(side, qty)  # type: ignore[arg-type]
    (held,) = scene.query_position()
    assert held.entry_price == pytest.approx(entry)  # type: ignore[union-attr]
