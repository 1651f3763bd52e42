"""What is ours by our orders' executions, in whatever order the venue's stamps put them."""

import itertools
from decimal import Decimal

import pytest

from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.coinbase.spot_books import OwnOrder, SpotBooks, Terms, mark_of

PRICE = 100_000.0


def order(number: int, own: str, qty: float, created_ns: int, filled: float | None = None) -> OwnOrder:
    mark = mark_of(f"ckaaaaaa{own}")
    assert mark is not None
    is_sale = not own.startswith("t") or own[7] != "e"
    done = qty if filled is None else filled
    return OwnOrder(str(number), mark, "BTC", is_sale, qty, done, PRICE if done else 0.0, True, created_ns)


def books_of(*orders: OwnOrder) -> SpotBooks:
    books = SpotBooks()
    books.terms["BTC"] = Terms(1e-8, 1.0)
    for one in orders:
        books.take(one)
    return books


def test_a_list_of_balances_that_leaves_the_coin_out_takes_nothing_of_ours() -> None:
    books = books_of(order(1, "t000001e1", 0.002, 1))
    listing = Listing("BTC", "BTC-USD", Decimal(1), Decimal("1e-8"), Decimal("1e-8"), Decimal("0.01"))
    books.totals = {}
    assert (books.held("BTC", listing).qty, books.free("BTC", listing), books.others("BTC")) == (0.002, 0.002, 0.0)
    books.totals = {"BTC": 0.0005}
    assert books.held("BTC", listing).qty == 0.0005
    books.totals = {"BTC": 0.0}
    assert books.held("BTC", listing).qty == 0.0


def test_a_coin_that_the_list_leaves_out_counts_on_with_what_others_have_traded_since() -> None:
    books = books_of()
    books.listed({"BTC": 0.3, "USD": 900.0}, {"USD": 900.0}, 5, books.executions)
    books.take(order(1, "t000001e1", 0.002, 1))
    assert books.left_out_since_ns("BTC") is None
    books.listed({}, {}, 6, books.executions)
    assert (books.left_out_since_ns("BTC"), books.totals, books.available) == (5, {"BTC": 0.302}, {})
    books.traded_by_others("BTC", -0.3005)
    books.traded_by_others("BTC", -0.3005)
    assert books.totals == {"BTC": 0.0015}
    books.traded_by_others("BTC", -0.3)
    books.listed({"BTC": 0.1}, {}, 7, books.executions)
    books.traded_by_others("BTC", -0.05)
    assert books.totals == {"BTC": 0.1}, "it is listed again, and that counts"


def test_a_list_that_was_asked_for_before_a_purchase_was_told_is_not_counted_on() -> None:
    books = books_of()
    before = books.executions
    books.take(order(1, "t000001e1", 0.002, 1))
    books.listed({"BTC": 0.0}, {}, 5, before)
    books.listed({}, {}, 6, books.executions)
    assert books.totals == {} and books.left_out_since_ns("BTC") is None


@pytest.mark.parametrize(("there", "after"), [(0.002, 0.0015), (0.0015, 0.0015), (0.5, 0.4995), (0.5015, 0.501)])
def test_a_sale_that_the_list_of_balances_may_have_already_is_not_taken_away_twice(there: float, after: float) -> None:
    """Coins of ours that are missing are what it sold; beside coins of others ours are all there either way."""
    books = books_of(order(1, "t000001e1", 0.002, 1))
    books.totals = {"BTC": there}
    books.take(order(2, "t000001t2", 0.0005, 2))
    assert books.totals == {"BTC": after}
    listing = Listing("BTC", "BTC-USD", Decimal(1), Decimal("1e-8"), Decimal("1e-8"), Decimal("0.01"))
    assert books.held("BTC", listing).qty == books.unguarded("BTC") == 0.0015


@pytest.mark.parametrize("stamps", list(itertools.permutations(range(3))))
def test_stamps_out_of_order_neither_add_nor_take_coins(stamps: tuple[int, ...]) -> None:
    """Two trades bought, one of them sold: the other's coins are ours, whenever the venue says that each was made."""
    bought = books_of(
        order(1, "t000003e1", 0.00027674, stamps[0]),
        order(2, "t000004e1", 0.0002794, stamps[1]),
        order(3, "t000003c3", 0.00027674, stamps[2]),
    ).bought("BTC")
    assert (bought.qty, bought.dust) == (0.0002794, 0.0)
    assert bought.entry_price == pytest.approx(PRICE)


def test_what_a_trade_leaves_under_the_least_order_is_dust_beside_another_trades_coins() -> None:
    bought = books_of(
        order(1, "t000001e1", 0.001, 1),
        order(2, "t000002e1", 0.002, 2),
        order(3, "t000001c3", 0.001, 3, filled=0.000995),
    ).bought("BTC")
    assert (bought.qty, bought.dust) == (0.002, 0.000005)


def test_what_a_flatten_leaves_under_the_least_order_is_dust() -> None:
    bought = books_of(
        order(1, "t000001e1", 0.001, 1),
        order(2, "t000002e1", 0.002, 2),
        order(3, "f0000000000001", 0.003, 3, filled=0.002995),
        order(4, "t000003e1", 0.001, 4),
    ).bought("BTC")
    assert (bought.qty, bought.dust) == (0.001, 0.000005)
