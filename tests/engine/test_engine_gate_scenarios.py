"""What the gate says inside the running engine: the denial or the smaller size, with its number."""

import pytest

from cockpit.domain.kinds import Side
from tests.engine.scenario import MOMENTUM, Scenario


def test_heavy_shorts_and_a_short_is_asked(scene: Scenario) -> None:
    scene.positioning("BTC", 56.2)
    answer = scene.signal("BTC", side=Side.SHORT)
    assert not answer.ok
    assert answer.sentence == "short % 56.2 at or above 54.0 (BTC): no shorts into heavy shorts"
    assert scene.verdict.reason_check == "short_pct"
    assert scene.placed() == []


def test_heavy_shorts_do_not_keep_a_long_out(scene: Scenario) -> None:
    scene.positioning("BTC", 56.2)
    assert scene.signal("BTC", side=Side.LONG).ok


def test_open_interest_up_5_pct_takes_a_fifth_off(scene: Scenario) -> None:
    scene.open_interest("ETH", 5.0)
    assert scene.signal("ETH", 41.5).ok
    assert scene.verdict.size_factor == pytest.approx(0.8)
    # 41.50 x 0.8 = 33.20 USD: 8 lots of 0.001 ETH at 4,000.
    assert scene.verdict.qty == 0.008
    assert scene.placed()[0].qty == 0.008


def test_open_interest_up_3_pct_takes_nothing_off(scene: Scenario) -> None:
    scene.open_interest("ETH", 3.0)
    assert scene.signal("ETH", 41.5).ok
    assert scene.verdict.size_factor == 1.0


def test_health_factor_2_15_blocks_entries_and_closes_nothing(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.health(2.15)
    answer = scene.signal("SOL")
    assert not answer.ok
    assert answer.sentence == "health factor 2.15 under 2.20: no entries"
    assert scene.settled(trade).open_qty == trade.open_qty


def test_an_outside_reading_tightens_and_never_loosens(scene: Scenario) -> None:
    scene.health(2.40)
    scene.positioning("BTC", 53.9)
    assert scene.signal("BTC", side=Side.SHORT).ok
    other = scene.signal("ETH", strategy=MOMENTUM)
    assert other.ok
    scene.health(3.0)
    assert scene.check("health_factor").startswith("warn: health factor 2.40 under 2.50")


def test_the_seventh_trade_of_the_day_waits_for_tomorrow(scene: Scenario) -> None:
    for _ in range(6):
        trade = scene.open_trade()
        scene.move("ETH", 4_010.03)
        scene.settled(trade)
        scene.move("ETH", 4_000.0)
        assert scene.settled(trade).closed_ns is not None
    assert scene.account.trades_today == 6
    answer = scene.signal()
    assert answer.sentence == "6 trades today of 6: none left until the next UTC day"
    assert scene.state == "standing_down"


def test_three_trades_open_leave_no_room_for_a_fourth(scene: Scenario) -> None:
    for asset in ("BTC", "ETH", "SOL"):
        scene.open_trade(asset)
    answer = scene.signal("XRP", strategy=MOMENTUM)
    assert answer.sentence == "3 trades open of 3: no room for another"


def test_a_trade_against_an_open_one_on_the_same_perpetual_is_denied(scene: Scenario) -> None:
    scene.open_trade("ETH", side=Side.LONG)
    answer = scene.signal("ETH", side=Side.SHORT)
    assert not answer.ok
    assert scene.verdict.reason_check == "one_direction"
    assert answer.sentence == (
        "t000001 is long 0.01 ETH on okx: a short there would close it and leave both without their stops"
    )
    assert scene.signal("ETH", side=Side.LONG).ok
