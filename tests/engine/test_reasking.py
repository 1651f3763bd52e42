"""How soon a position is asked for after its close was refused."""

from cockpit.domain.units import NS_PER_S
from cockpit.engine.trade_exit import Reasking


def test_a_close_that_was_lost_for_half_a_second_is_sent_anew_at_once() -> None:
    reasking = Reasking()
    reasking.refused(0)
    reasking.sent_anew(0)
    reasking.refused(NS_PER_S // 2)
    assert reasking.is_due(NS_PER_S // 2)


def test_one_that_is_refused_at_once_waits_half_a_second() -> None:
    reasking = Reasking()
    reasking.refused(0)
    reasking.sent_anew(0)
    reasking.refused(0)
    assert not reasking.is_due(NS_PER_S // 2 - 1)
    assert reasking.is_due(NS_PER_S // 2)
