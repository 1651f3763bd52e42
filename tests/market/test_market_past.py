"""What a venue tells of before, joined to the candles of our own prints."""

from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.events import Trade
from cockpit.domain.market_detail import AssetDetail, Candle, PastCandles
from cockpit.domain.units import NS_PER_S
from cockpit.market.detail import KEPT_MINUTES, DetailCursor, MarketDetail
from cockpit.tui.detail import KeptDetail

START_NS = 1_760_882_400 * NS_PER_S
MINUTE_NS = 60 * NS_PER_S


def trade(at_s: float, price: float) -> Trade:
    ts_ns = START_NS + round(at_s * NS_PER_S)
    return Trade(ts_ns, ts_ns, "binance", "BTC", price, 1.0, True, 0)


def past(*minutes: int, price: float = 100.0) -> PastCandles:
    return PastCandles(
        "BTC",
        tuple(Candle(START_NS + at * MINUTE_NS, price, price + 2, price - 2, price + 1, 5.0, None) for at in minutes),
    )


def asset_detail(detail: MarketDetail, cursor: DetailCursor | None = None) -> AssetDetail:
    return detail.assets["BTC"].since(cursor or DetailCursor())


def begins(candles: tuple[Candle, ...] | list[Candle]) -> list[int]:
    return [(candle.start_ns - START_NS) // MINUTE_NS for candle in candles]


def test_it_is_told_before_the_first_print() -> None:
    detail = MarketDetail({"BTC": "binance"})
    detail.take_past(past(-3, -2, -1, 0))
    found = asset_detail(detail)
    assert begins(found.minutes) == [-3, -2, -1, 0] and found.own_since_ns == 0
    assert {candle.taker_delta for candle in found.minutes} == {None}, "nobody told who took"


def test_the_first_own_minute_keeps_how_it_began() -> None:
    detail = MarketDetail({"BTC": "binance"})
    detail.take_past(past(-1, 0))
    detail.on_input(trade(30, 101.0))
    detail.on_input(trade(70, 101.5))
    found = asset_detail(detail)
    assert begins(found.minutes) == [-1, 0, 1]
    assert found.minutes[1] == Candle(START_NS, 100.0, 102.0, 98.0, 101.0, 1.0, 1.0)
    assert found.own_since_ns == START_NS + 30 * NS_PER_S


def test_whoever_was_there_before_it_came_is_told_it_too() -> None:
    detail, cursor, kept = MarketDetail({"BTC": "binance"}), DetailCursor(), KeptDetail()
    for at_s in (10, 130):
        detail.on_input(trade(at_s, 100.5))
        kept.take(asset_detail(detail, cursor))
    detail.take_past(past(-2, -1, 0, 1, 2))
    kept.take(asset_detail(detail, cursor))
    assert begins(kept.candles(60, 100)) == [-2, -1, 0, 2], "a minute without a print of ours is not made up"
    assert not asset_detail(detail, cursor).minutes[:-1], "once"


@given(st.sets(st.integers(-30, 5)), st.lists(st.integers(0, 400), min_size=1, max_size=30), st.integers(0, 30))
def test_a_screen_has_the_same_whenever_the_past_comes(told_minutes: set[int], at: list[int], when: int) -> None:
    prints = [trade(at_s, 100.0 + at_s % 7) for at_s in sorted(at)]
    detail, cursor, kept = MarketDetail({"BTC": "binance"}), DetailCursor(), KeptDetail()
    for number, one in enumerate(prints):
        if number == when:
            detail.take_past(past(*told_minutes))
        detail.on_input(one)
        kept.take(asset_detail(detail, cursor))
    if when >= len(prints):
        detail.take_past(past(*told_minutes))
        kept.take(asset_detail(detail, cursor))
    whole = KeptDetail()
    whole.take(asset_detail(detail))
    assert kept.candles(60, 500) == whole.candles(60, 500)
    own = sorted({at_s // 60 for at_s in at})
    assert begins(kept.candles(60, 500)) == [*sorted(minute for minute in told_minutes if minute < own[0]), *own]


def test_no_more_is_kept_than_a_day() -> None:
    detail = MarketDetail({"BTC": "binance"})
    detail.take_past(past(*range(-2 * KEPT_MINUTES, 0)))
    detail.on_input(trade(1, 100.0))
    found = asset_detail(detail).minutes
    assert len(found) == KEPT_MINUTES and begins(found)[-2:] == [-1, 0]
