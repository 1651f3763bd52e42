"""The venue sees every tick: one that concerns none of our orders leaves no trace but the latest price."""

from paper_scene import BUY, SELL, Scene, fills

from cockpit.paper.venue import NOTHING


def wakes(scene: Scene) -> bool:
    return scene.paper._matching.books.by_venue["binance"]["BTC"].wakes


def test_quiet_ticks_return_one_shared_empty_answer(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    scene.target(SELL, 0.01, 100_500.0)
    for price in (99_700.1, 100_000.0, 100_500.0):
        assert scene.print(price) is NOTHING
        assert scene.top(price - 0.5, price + 0.5) is NOTHING


def test_ticks_inside_the_fences_ask_nothing_of_the_orders(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    scene.target(SELL, 0.01, 100_500.0)
    book = scene.paper._matching.books.by_venue["binance"]["BTC"]
    assert book.fence_low == 99_700.0
    assert 100_500.0 < book.fence_high < 100_500.0001
    assert not book.wakes


def test_a_book_wakes_for_tops_only_while_somebody_is_taking(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0, 1.0)
    assert not wakes(scene)
    scene.market(BUY, 2.0)
    assert wakes(scene)
    assert fills(scene.top(99_999.0, 100_000.0, 1.0)) == [(1.0, 100_000.0)]
    assert not wakes(scene)


def test_the_fences_open_again_when_nothing_rests_any_more(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    scene.print(99_600.0)
    book = scene.paper._matching.books.by_venue["binance"]["BTC"]
    assert (book.fence_low, book.fence_high) == (0.0, float("inf"))
