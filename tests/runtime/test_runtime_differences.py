"""A replay that differs says which field of which action, in a line that a person can read."""

from msgspec.structs import replace

from cockpit.domain.actions import Decided, Notice, TradeChanged
from cockpit.replay.tally import first_difference
from tests.engine.scenario import Scenario, config_with


def test_the_first_field_that_is_not_the_same_is_named() -> None:
    scene = Scenario(config_with())
    trade = scene.open_trade()
    told = TradeChanged(1, trade, "opened")
    rungs = (trade.rungs[0], *(replace(rung, qty=rung.qty * 2) for rung in trade.rungs[1:]))
    assert len(rungs) > 1
    found = first_difference(told, replace(told, trade=replace(trade, rungs=rungs)))
    assert found == f"trade_changed.trade.rungs[1].qty: expected {rungs[1].qty / 2}, was {rungs[1].qty}"


def test_a_list_of_another_length_is_shown_whole() -> None:
    verdict = Scenario(config_with()).engine.probe("sol_fee_fade")
    one, other = Decided(1, verdict), Decided(1, replace(verdict, checks=()))
    assert first_difference(other, one).startswith("decided.verdict.checks: expected [], was [{")


def test_actions_of_two_kinds_are_both_shown() -> None:
    verdict = Scenario(config_with()).engine.probe("sol_fee_fade")
    found = first_difference(Notice(1, "info", "odd", "said"), Decided(1, verdict))
    assert found.startswith('expected {"kind":"notice","ts_ns":1,"severity":"info"')
    assert ', was {"kind":"decided","ts_ns":1' in found
