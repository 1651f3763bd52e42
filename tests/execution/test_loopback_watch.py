"""The invariants that a loopback venue remembers: naked positions, doubled ids, turned positions, the largest ever."""

import pytest

from tests.loopback.binance_trading import rules
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import OrderAsked, StopAsked, d
from tests.loopback.matching_watch import Watch

BTC = "BTCUSDT"


class Scene:
    """A matching engine whose seconds pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.core = MatchingCore({BTC: rules("BTC")}, clock_ns=lambda: int(self.now_s * 1e9))
        self.core.set_price(BTC, 100_000, 100_010, mark=100_000)
        self.watch = Watch(self.core)

    def market(self, side: str, qty: float, client_id: str = "", reduce_only: bool = False) -> None:
        self.core.place(OrderAsked(BTC, side, "market", d(qty), client_id, reduce_only=reduce_only))

    def stop(self, qty: float | None, trigger: float = 99_000, side: str = "sell", reduce_only: bool = True) -> None:
        asked = StopAsked(BTC, side, "stop", d(trigger), d(qty) if qty else None, reduce_only=reduce_only)
        self.core.algos.place(asked)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_position_is_naked_until_stops_cover_all_of_it(scene: Scene) -> None:
    scene.market("buy", 0.004)
    scene.now_s = 2.0
    scene.stop(0.002)
    scene.now_s = 3.0
    scene.stop(0.002)
    scene.now_s = 10.0
    assert scene.watch.longest_naked_s() == 3.0
    assert scene.watch.naked_longer_than(2.9) == scene.watch.naked
    assert scene.watch.naked_longer_than(3.1) == []


def test_a_running_spell_counts(scene: Scene) -> None:
    scene.market("buy", 0.004)
    scene.now_s = 5.0
    assert scene.watch.longest_naked_s(BTC) == 5.0
    assert [spell.end_ns for spell in scene.watch.naked_longer_than(1.0)] == [None]


def test_a_stop_that_closes_everything_covers_what_is_added_later(scene: Scene) -> None:
    scene.market("buy", 0.002)
    scene.stop(None)
    scene.market("buy", 0.004)
    assert scene.watch.covered(BTC)


@pytest.mark.parametrize(
    ("side", "trigger", "reduce_only"), [("buy", 101_000, True), ("sell", 99_000, False)], ids=["wrong side", "opens"]
)
def test_what_does_not_protect_does_not_cover(scene: Scene, side: str, trigger: float, reduce_only: bool) -> None:
    scene.market("buy", 0.002)
    scene.stop(0.002, trigger, side, reduce_only)
    assert not scene.watch.covered(BTC)


def test_cancelling_the_stop_of_an_open_position_begins_a_spell(scene: Scene) -> None:
    scene.market("buy", 0.002)
    scene.stop(0.002)
    scene.now_s = 10.0
    scene.core.algos.cancel_all()
    scene.now_s = 11.0
    scene.market("sell", 0.002, reduce_only=True)
    scene.now_s = 60.0
    assert [spell.length_s(0) for spell in scene.watch.naked] == [0.0, 1.0]


def test_a_triggered_stop_that_does_not_fill_leaves_the_position_naked(scene: Scene) -> None:
    scene.market("buy", 0.002)
    scene.stop(0.002)
    scene.core.algos.rejects_triggered = "no"
    scene.core.set_price(BTC, 98_000, 98_010)
    assert not scene.watch.covered(BTC)


def test_an_id_taken_twice_is_doubled_and_a_turned_position_is_a_flip(scene: Scene) -> None:
    scene.market("buy", 0.002, "e1")
    scene.market("buy", 0.003, "e1")
    assert scene.watch.doubled == {"e1": 2}
    assert scene.watch.largest[BTC] == d(0.005)
    scene.market("sell", 0.009, "e2")
    assert [flip.client_id for flip in scene.watch.flips] == ["e2"]
