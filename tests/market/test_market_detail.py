"""The market in detail against sums over all prints, and told piece by piece against told at once."""

from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.events import Depth, Liquidation, Top, Trade
from cockpit.domain.market_detail import AssetDetail
from cockpit.domain.units import NS_PER_S
from cockpit.market.detail import KEPT_PRINTS, DetailCursor, MarketDetail, nice_step
from cockpit.tui.detail import KeptDetail

START_NS = 1_760_882_400 * NS_PER_S
MINUTE_NS = 60 * NS_PER_S


def trade(at_s: float, price: float, qty: float = 1.0, buy: bool = True, venue: str = "binance") -> Trade:
    ts_ns = START_NS + round(at_s * NS_PER_S)
    return Trade(ts_ns, ts_ns, venue, "BTC", price, qty, buy, 0)


def detail_of(*events: object) -> MarketDetail:
    detail = MarketDetail({"BTC": "binance"})
    for event in events:
        detail.on_input(event)
    return detail


def asset_detail(detail: MarketDetail, cursor: DetailCursor | None = None) -> AssetDetail:
    return detail.assets["BTC"].since(cursor or DetailCursor())


PRINTS = st.lists(
    st.tuples(st.integers(0, 200_000), st.integers(995_000, 1_005_000), st.integers(1, 50), st.booleans()),
    min_size=1,
    max_size=60,
).map(lambda rows: [trade(ms / 1000, cents / 10, qty / 10, buy) for ms, cents, qty, buy in sorted(rows)])


@given(PRINTS)
def test_candles_and_prices_add_up_to_the_prints(prints: list[Trade]) -> None:
    found = asset_detail(detail_of(*prints))
    for candles, length_ns in ((found.seconds, NS_PER_S), (found.minutes, MINUTE_NS)):
        assert [candle.start_ns for candle in candles] == sorted({p.ts_ns - p.ts_ns % length_ns for p in prints})
        for candle in candles:
            inside = [p for p in prints if candle.start_ns <= p.ts_ns < candle.start_ns + length_ns]
            prices = [p.price for p in inside]
            assert (candle.open, candle.high) == (prices[0], max(prices))
            assert (candle.low, candle.close) == (min(prices), prices[-1])
            assert abs(candle.volume - sum(p.qty for p in inside)) < 1e-9
            signed = sum(p.qty if p.taker_is_buyer else -p.qty for p in inside)
            assert abs(candle.taker_delta - signed) < 1e-9
    assert found.traded is not None
    assert abs(sum(at.bought for at in found.traded) - sum(p.qty for p in prints if p.taker_is_buyer)) < 1e-9
    assert abs(sum(at.sold for at in found.traded) - sum(p.qty for p in prints if not p.taker_is_buyer)) < 1e-9
    assert all(any(at.price - 1e-6 <= p.price < at.price + found.traded_step + 1e-6 for p in prints)
               for at in found.traded)  # fmt: skip


@given(PRINTS, st.lists(st.integers(0, 60), max_size=12))
def test_told_piece_by_piece_is_told_whole(prints: list[Trade], cuts: list[int]) -> None:
    detail, cursor, pieces = MarketDetail({"BTC": "binance"}), DetailCursor(), KeptDetail()
    for number, one in enumerate(prints):
        if number in cuts:
            pieces.take(asset_detail(detail, cursor))
        detail.on_input(one)
    pieces.take(asset_detail(detail, cursor))
    whole = KeptDetail()
    whole.take(asset_detail(detail))
    for length_s in (1, 5, 60, 300):
        assert pieces.candles(length_s, 500) == whole.candles(length_s, 500)
    assert [msg[1:] for msg in map(_values, pieces.prints)] == [msg[1:] for msg in map(_values, whole.prints)]
    assert (pieces.bids, pieces.asks) == (whole.bids, whole.asks)


def _values(one: object) -> tuple[object, ...]:
    return tuple(getattr(one, name) for name in one.__struct_fields__)  # type: ignore[attr-defined]


def test_longer_candles_join_the_base_ones() -> None:
    kept = KeptDetail()
    kept.take(asset_detail(detail_of(*(trade(second, 100_000 + second) for second in range(12)))))
    five = kept.candles(5, 10)
    assert [(c.open, c.close, c.volume) for c in five] == [
        (100_000, 100_004, 5.0), (100_005, 100_009, 5.0), (100_010, 100_011, 2.0),
    ]  # fmt: skip
    assert kept.candles(5, 2) == five[-2:]


def test_what_is_an_hour_old_is_no_longer_traded_there() -> None:
    detail = detail_of(trade(0, 100_000, 3.0), trade(3_599, 100_500, 1.0))
    assert [at.bought for at in asset_detail(detail).traded or ()] == [3.0, 1.0]
    detail.on_input(trade(3_661, 100_700, 2.0))
    assert [at.bought for at in asset_detail(detail).traded or ()] == [1.0, 2.0]


def test_one_takers_prints_of_an_instant_are_one_and_forced_orders_stand_alone() -> None:
    ts_ns = START_NS + NS_PER_S
    forced = Liquidation(ts_ns, ts_ns, "binance", "BTC", 99_990.0, 0.5, True)
    detail = detail_of(trade(1, 100_000, 1), trade(1, 100_010, 1), forced, trade(1, 100_000, 1, buy=False))
    prints = asset_detail(detail).prints
    assert [(p.price, p.notional_usd, p.taker_is_buyer, p.is_forced) for p in prints] == [
        (100_010.0, 200_010.0, True, False), (99_990.0, 49_995.0, False, True), (100_000.0, 100_000.0, False, False),
    ]  # fmt: skip


def test_a_long_silence_of_the_reader_costs_the_oldest_prints_only() -> None:
    detail, cursor = MarketDetail({"BTC": "binance"}), DetailCursor()
    for number in range(KEPT_PRINTS * 2):
        detail.on_input(trade(number / 10, 100_000.0))
    first = asset_detail(detail, cursor).prints
    assert len(first) == KEPT_PRINTS and first[-1].seq == KEPT_PRINTS * 2
    assert asset_detail(detail, cursor).prints == ()
    detail.on_input(trade(10_000, 100_000.0))
    assert [one.seq for one in asset_detail(detail, cursor).prints] == [KEPT_PRINTS * 2 + 1]


def test_other_venues_assets_and_kinds_change_nothing() -> None:
    ts_ns = START_NS
    detail = detail_of(
        trade(0, 1.0, venue="okx"),
        Trade(ts_ns, ts_ns, "binance", "DOGE", 1.0, 1.0, True, 0),
        Top(ts_ns, ts_ns, "okx", "BTC", 1.0, 1.0, 2.0, 1.0),
        Depth(ts_ns, ts_ns, "okx", "BTC", ((1.0, 1.0),), ()),
        trade(0, float("nan")),
        trade(0, float("inf")),
        trade(0, 0.0),
    )
    found = asset_detail(detail)
    assert (found.seconds, found.minutes, found.prints, found.bids) == ((), (), (), ())


def test_steps_are_round() -> None:
    assert [nice_step(at) for at in (10.8, 9.99, 4.9, 0.0106, 1.0, 2.0)] == [10.0, 5.0, 2.0, 0.01, 1.0, 2.0]


def test_without_a_depth_the_top_is_what_rests() -> None:
    top = Top(START_NS, START_NS, "binance", "BTC", 99.0, 1.0, 101.0, 2.0)
    detail = detail_of(top)
    assert (asset_detail(detail).bids, asset_detail(detail).asks) == (((99.0, 1.0),), ((101.0, 2.0),))
    detail.on_input(Depth(START_NS, START_NS, "binance", "BTC", ((98.0, 3.0),), ((102.0, 4.0),)))
    assert (asset_detail(detail).bids, asset_detail(detail).asks) == (((98.0, 3.0),), ((102.0, 4.0),))
