"""The loopback venues' matching engine: what everything that trades against them takes for granted."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loopback.binance_trading import rules
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_hands import deleverage, liquidate, trade_by_hand
from tests.loopback.matching_terms import Algo, Order, OrderAsked, Reason, Refused, Status, StopAsked, d

BTC = "BTCUSDT"


@pytest.fixture
def core() -> MatchingCore:
    return new_core()


def new_core() -> MatchingCore:
    core = MatchingCore({BTC: rules("BTC")}, clock_ms=lambda: 1_000)
    core.set_price(BTC, 100_000, 100_010, mark=100_000)
    return core


def market(core: MatchingCore, side: str, qty: float, reduce_only: bool = False, client_id: str = "") -> Order:
    return core.place(OrderAsked(BTC, side, "market", d(qty), client_id, reduce_only=reduce_only))


def limit(
    core: MatchingCore, side: str, qty: float, price: float, tif: str = "GTC", reduce_only: bool = False
) -> Order:
    return core.place(OrderAsked(BTC, side, "limit", d(qty), price=d(price), tif=tif, reduce_only=reduce_only))


def stop(
    core: MatchingCore, side: str, qty: float | None, trigger: float, kind: str = "stop", working: str = "mark"
) -> Algo:
    asked = StopAsked(BTC, side, kind, d(trigger), d(qty) if qty else None, reduce_only=True, working=working)
    return core.algos.place(asked)


def refused(act: Callable[[], object]) -> Reason:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.reason


def test_a_market_order_fills_at_the_other_sides_best_price_and_pays_five_bps(core: MatchingCore) -> None:
    order = market(core, "buy", 0.002)
    assert (order.status, order.average) == (Status.FILLED, d(100_010))
    assert core.positions[BTC].qty == d(0.002)
    assert core.wallet_usd == 1_660 - d(0.002) * 100_010 * d(0.0005)


def test_a_position_averages_its_entries_and_realises_what_it_closes(core: MatchingCore) -> None:
    market(core, "buy", 0.002)
    core.set_price(BTC, 101_000, 101_010)
    market(core, "buy", 0.002)
    assert core.positions[BTC].entry == 100_510
    closing = market(core, "sell", 0.003)
    assert closing.pnl_usd == d(0.003) * (101_000 - 100_510)
    assert core.positions[BTC].qty == d(0.001)


def test_a_position_that_turns_takes_the_turning_price_for_its_entry(core: MatchingCore) -> None:
    market(core, "buy", 0.002)
    market(core, "sell", 0.004)
    assert (core.positions[BTC].qty, core.positions[BTC].entry) == (d(-0.002), d(100_000))


@pytest.mark.parametrize(
    ("price", "status", "at"),
    [(99_990, Status.NEW, None), (100_010, Status.FILLED, 100_010), (100_020, Status.FILLED, 100_010)],
)
def test_a_limit_rests_or_takes(core: MatchingCore, price: float, status: Status, at: float | None) -> None:
    order = limit(core, "buy", 0.002, price)
    assert order.status is status
    assert at is None or order.average == at


def test_a_resting_limit_fills_at_its_own_price_as_maker_when_the_market_comes(core: MatchingCore) -> None:
    order = limit(core, "buy", 0.002, 99_000)
    core.set_price(BTC, 98_000, 98_010)
    assert (order.status, order.average) == (Status.FILLED, d(99_000))
    assert core.executions[-1].maker
    assert order.fee_usd == d(0.002) * 99_000 * d(0.0002)


def test_what_may_not_rest_expires_and_what_must_rest_is_refused(core: MatchingCore) -> None:
    assert limit(core, "buy", 0.002, 99_000, tif="IOC").status is Status.EXPIRED
    assert refused(lambda: limit(core, "buy", 0.002, 100_500, tif="GTX")) is Reason.WOULD_CROSS
    core.takes_crossing_makers = True
    assert limit(core, "buy", 0.002, 100_500, tif="GTX").status is Status.CANCELED
    assert not core.executions


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (OrderAsked("DOGEUSDT", "buy", "market", d(1)), Reason.UNKNOWN_SYMBOL),
        (OrderAsked(BTC, "buy", "market", d(0.0005)), Reason.BAD_LOT),
        (OrderAsked(BTC, "buy", "market", d(0.0015)), Reason.BAD_LOT),
        (OrderAsked(BTC, "buy", "market", d(121)), Reason.ABOVE_MAXIMUM),
        (OrderAsked(BTC, "buy", "limit", d(0.002), price=d(99_000.05)), Reason.BAD_TICK),
        (OrderAsked(BTC, "buy", "limit", d(0.001), price=d(99_000)), Reason.BELOW_NOTIONAL),
        (OrderAsked(BTC, "buy", "market", d(10)), Reason.NO_MARGIN),
        (OrderAsked(BTC, "sell", "market", d(0.002), reduce_only=True), Reason.NO_POSITION),
    ],
)
def test_the_rules_of_the_symbol_and_of_money(core: MatchingCore, asked: OrderAsked, reason: Reason) -> None:
    assert refused(lambda: core.place(asked)) is reason
    assert not core.orders


def test_a_client_id_may_be_used_again_only_once_its_order_is_done(core: MatchingCore) -> None:
    resting = core.place(OrderAsked(BTC, "buy", "limit", d(0.002), "a", price=d(99_000)))
    assert refused(lambda: market(core, "buy", 0.002, client_id="a")) is Reason.DUPLICATE_CLIENT_ID
    core.cancel(resting)
    assert market(core, "buy", 0.002, client_id="a").status is Status.FILLED


def test_resting_reduce_only_orders_hold_their_quantity(core: MatchingCore) -> None:
    market(core, "buy", 0.004)
    limit(core, "sell", 0.003, 101_000, reduce_only=True)
    assert refused(lambda: market(core, "sell", 0.004, reduce_only=True)) is Reason.RESERVED
    assert market(core, "sell", 0.001, reduce_only=True).status is Status.FILLED


def test_without_reservation_a_reduce_only_order_is_cut_to_the_position(core: MatchingCore) -> None:
    core.reserves = False
    market(core, "buy", 0.004)
    target = limit(core, "sell", 0.004, 101_000, reduce_only=True)
    assert market(core, "sell", 0.009, reduce_only=True).filled == d(0.004)
    assert target.status is Status.EXPIRED
    assert core.positions[BTC].qty == 0


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "moves_to", "triggers"),
    [
        ("sell", "stop", 99_000, 98_999, True),
        ("sell", "stop", 99_000, 99_001, False),
        ("sell", "take_profit", 101_000, 101_001, True),
        ("buy", "stop", 101_000, 101_001, True),
        ("buy", "take_profit", 99_000, 98_999, True),
    ],
)
def test_a_stop_triggers_on_its_side(
    core: MatchingCore, side: str, kind: str, trigger: float, moves_to: float, triggers: bool
) -> None:
    market(core, "buy" if side == "sell" else "sell", 0.002)
    algo = stop(core, side, 0.002, trigger, kind)
    core.set_price(BTC, moves_to, moves_to + 10, mark=moves_to)
    assert (algo.status is Status.FINISHED) == triggers
    assert (core.positions[BTC].qty == 0) == triggers


def test_a_stop_by_mark_does_not_care_for_the_last_price(core: MatchingCore) -> None:
    market(core, "buy", 0.002)
    by_mark = stop(core, "sell", 0.002, 99_000, working="mark")
    core.set_price(BTC, 98_000, 98_010, mark=99_500)
    assert by_mark in core.algos.open()
    core.set_price(BTC, 100_000, 100_010, mark=99_000)
    assert by_mark not in core.algos.open()


def test_a_stop_that_would_trigger_at_once_is_refused(core: MatchingCore) -> None:
    assert refused(lambda: stop(core, "sell", 0.002, 100_000)) is Reason.WOULD_TRIGGER


def test_a_stop_outlives_its_position_and_then_reduces_nothing(core: MatchingCore) -> None:
    market(core, "buy", 0.002)
    algo = stop(core, "sell", 0.002, 99_000)
    market(core, "sell", 0.002, reduce_only=True)
    core.set_price(BTC, 98_000, 98_010)
    assert (algo.status, algo.reason) == (Status.REJECTED, "Reduce Only reject")
    assert core.positions[BTC].qty == 0


def test_a_stop_that_closes_everything_takes_what_is_there(core: MatchingCore) -> None:
    market(core, "buy", 0.002)
    stop(core, "sell", None, 99_000)
    market(core, "buy", 0.003)
    core.set_price(BTC, 98_000, 98_010)
    assert core.positions[BTC].qty == 0


def test_a_triggered_stop_pushes_resting_targets_out(core: MatchingCore) -> None:
    market(core, "buy", 0.002)
    target = limit(core, "sell", 0.002, 101_000, reduce_only=True)
    stop(core, "sell", 0.002, 99_000)
    core.set_price(BTC, 98_000, 98_010)
    assert core.positions[BTC].qty == 0
    assert target.status is Status.EXPIRED


def test_a_triggered_stop_can_wait_or_be_refused(core: MatchingCore) -> None:
    market(core, "buy", 0.002)
    waiting = stop(core, "sell", 0.002, 99_000)
    core.algos.holds_triggered = True
    core.set_price(BTC, 98_000, 98_010)
    assert (waiting.status, core.positions[BTC].qty) == (Status.TRIGGERING, d(0.002))
    core.algos.rejects_triggered = "Margin is insufficient"
    core.algos.release(waiting)
    assert (waiting.status, waiting.reason) == (Status.REJECTED, "Margin is insufficient")
    assert core.positions[BTC].qty == d(0.002)


def test_orders_fill_in_the_parts_that_a_test_asks_for(core: MatchingCore) -> None:
    core.fill_next(0.5, 0.5)
    assert market(core, "buy", 0.004).status is Status.FILLED
    assert [execution.qty for execution in core.executions] == [d(0.002), d(0.002)]
    core.fill_next(0.25)
    part = market(core, "buy", 0.004)
    assert (part.status, part.filled) == (Status.PARTIAL, d(0.001))
    core.fill(part, 0.5)
    assert (part.status, part.filled) == (Status.PARTIAL, d(0.003))
    core.end(part, Status.EXPIRED)
    core.fill_next()
    assert market(core, "buy", 0.002).status is Status.NEW


def test_what_others_do_to_the_account(core: MatchingCore) -> None:
    by_hand = trade_by_hand(core, BTC, "buy", 0.004)
    assert by_hand.owner == "stranger"
    assert core.pay_funding(BTC, 0.0001) == -d(0.004) * 100_000 * d(0.0001)
    assert deleverage(core, BTC, 0.5).client_id == "adl_autoclose"
    assert core.positions[BTC].qty == d(0.002)
    assert liquidate(core, BTC).client_id.startswith("autoclose-")
    assert core.positions[BTC].qty == 0


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["market", "limit", "reduce", "stop", "price", "fund", "cancel"]),
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 9),
        st.integers(-20, 20),
    ),
    max_size=40,
)


@given(STEPS)
def test_money_and_positions_add_up_whatever_happens(steps: list[tuple[str, str, int, int]]) -> None:
    core = new_core()
    for what, side, lots, hundreds in steps:
        qty, price = lots / 1_000, 100_000 + hundreds * 100
        try:
            if what in ("market", "reduce"):
                market(core, side, qty, reduce_only=what == "reduce")
            elif what == "limit":
                limit(core, side, qty, price)
            elif what == "stop":
                stop(core, side, qty, price)
            elif what == "price":
                core.set_price(BTC, price, price + 10)
            elif what == "fund":
                core.pay_funding(BTC, hundreds / 100_000)
            else:
                core.cancel_all()
        except Refused:
            continue
    signed = sum((e.qty if e.side == "buy" else -e.qty for e in core.executions), Decimal(0))
    assert core.positions[BTC].qty == signed
    assert core.wallet_usd == 1_660 + sum((income.amount_usd for income in core.income), Decimal(0))
    for side in ("buy", "sell"):
        assert core.reserved(BTC, side) <= core.reducible(BTC, side)
    for order in core.orders.values():
        filled = sum((e.qty for e in core.executions if e.order_id == order.order_id), Decimal(0))
        assert filled == order.filled <= order.qty
        assert (order.status is Status.FILLED) == (order.left == 0)
