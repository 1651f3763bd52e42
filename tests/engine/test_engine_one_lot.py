"""One lot is the least there is, and all of it: half a lot and less is rounding, a whole one is a position."""

import pytest
from msgspec.structs import replace

from cockpit.domain.events import VenuePosition
from cockpit.domain.kinds import ExitReason, OrderRole, TradePhase
from cockpit.engine.outbox import Outbox
from cockpit.engine.outside import OutsideWatch
from tests.engine.scenario import Bare
from tests.engine.test_engine_outside import taken

LOT = 0.001
"""Of ETH on OKX."""


@pytest.mark.parametrize(("held", "is_closed_anew"), [(LOT, True), (0.4 * LOT, False)])
def test_what_is_held_after_a_refused_close_is_closed_anew(bare: Bare, held: float, is_closed_anew: bool) -> None:
    bare.opened()
    bare.cancelled(bare.placed(OrderRole.STOP)[0], "taken away by hand")
    bare.reject(bare.placed(OrderRole.STOP)[-1], "no stops today")
    bare.reject(bare.placed(OrderRole.CLOSE)[-1], "busy")
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", held, 4_000.0, 1))
    closes = bare.placed(OrderRole.CLOSE)
    assert len(closes) == 2 if is_closed_anew else bare.last_trade.phase is TradePhase.CLOSED
    assert closes[-1].qty == (LOT if is_closed_anew else 0.01)


def test_one_lot_that_somebody_took_is_gone_from_the_trade(bare: Bare) -> None:
    bare.opened()
    taken(bare, LOT)
    assert bare.last_trade.open_qty == 0.009
    taken(bare, 0.009, "ETH-8")
    assert (bare.last_trade.phase, bare.last_trade.exit_reason) == (TradePhase.CLOSED, ExitReason.OUTSIDE)


def test_targets_for_one_lot_more_than_is_open_are_taken_back(bare: Bare) -> None:
    bare.opened()
    bare.accept(bare.placed(OrderRole.STOP)[0])
    targets = bare.placed(OrderRole.TARGET)
    assert sum(target.qty for target in targets) == pytest.approx(0.01)
    taken(bare, LOT)
    assert [one for one in bare.cancels() if one in {target.order_id for target in targets}] == [targets[-1].order_id]


@pytest.mark.parametrize(("held", "is_told"), [(0.01 - LOT, True), (0.01 + LOT, True), (0.01 - 0.4 * LOT, False)])
def test_a_difference_of_one_lot_is_told(bare: Bare, held: float, is_told: bool) -> None:
    bare.opened()
    for _ in range(2):
        bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", held, 4_000.0, 1))
        bare.wait_s(2)
    told = bare.notices("critical", "position")
    assert told == ([f"okx holds {held:+g} ETH, our trades hold +0.01: check the venue"] if is_told else [])
    assert bare.last_trade.phase is TradePhase.OPEN


@pytest.mark.parametrize(("held", "is_gone"), [(LOT, False), (0.4 * LOT, True), (-LOT, True)])
def test_a_position_is_gone_once_less_than_half_a_lot_is_left(bare: Bare, held: float, is_gone: bool) -> None:
    trade, watch = bare.opened(), OutsideWatch()
    found = []
    for second in (0, 2):
        position = VenuePosition(bare.now_ns, "okx", "ETH", held, 4_000.0, 1)
        out = Outbox(bare.now_ns + second * 1_000_000_000, [])
        found.append(watch.is_gone(position, [replace(trade, open_qty=0.01)], LOT, out))
    assert found == [False, is_gone]
