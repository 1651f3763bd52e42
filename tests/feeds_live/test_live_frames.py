"""Real messages of both venues as events, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from cockpit.domain.events import Liquidation, MarkPrice
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.frames import BadFrame
from cockpit.exchanges.base.streams import near_levels
from cockpit.exchanges.binance.frames import BinanceFrames
from cockpit.exchanges.okx.frames import Contract, OkxFrames

BINANCE = BinanceFrames({"BTCUSDT": "BTC", "COTIUSDT": "COTI"})


def _okx() -> OkxFrames:
    contracts = {"BTC-USDT-SWAP": Contract("BTC", 0.01), "CELO-USDT-SWAP": Contract("CELO", 1.0)}
    return OkxFrames(contracts, {"BTC-USDT": "BTC"})


@pytest.fixture(scope="module")
def liquidations(real_data_dir: Path) -> list[dict[str, Any]]:
    path = real_data_dir / "fixtures" / "liquidation_frames_live.json"
    if not path.is_file():
        pytest.skip(f"captured liquidations not found: expected {path}")
    frames: list[dict[str, Any]] = json.loads(path.read_text())["frames"]
    return frames


@pytest.mark.parametrize("venue", ["binance", "okx"])
def test_the_side_of_captured_liquidations_is_the_positions(venue: str, liquidations: list[dict[str, Any]]) -> None:
    reader = BINANCE if venue == "binance" else _okx()
    seen = 0
    for captured in liquidations:
        if captured["venue"].split()[0] != venue:
            continue
        message = json.loads(captured["raw"])
        message = message.get("data", message) if "stream" in message else message
        for heard in reader.read(message, 0) or ():
            assert isinstance(heard.event, Liquidation)
            assert heard.event.long_liquidated == (captured["side_closed"] == "long")
            seen += 1
    assert seen >= 2


def test_a_captured_binance_liquidation_takes_the_price_and_quantity_that_traded(
    liquidations: list[dict[str, Any]],
) -> None:
    message = json.loads(liquidations[0]["raw"])["data"]
    (heard,) = BINANCE.read(message, 7) or ()
    forced = Liquidation(1791565602120_000_000, 7, "binance", "BTC", 82651.90, 0.190, True)
    assert heard.event == forced


def test_a_captured_okx_liquidation_counts_base_coins(liquidations: list[dict[str, Any]]) -> None:
    message = next(json.loads(one["raw"]) for one in liquidations if "BTC-USDT-SWAP" in one["raw"])
    (heard,) = _okx().read(message, 7) or ()
    assert isinstance(heard.event, Liquidation)
    assert heard.event.qty == pytest.approx(0.0855)


def test_every_detail_of_an_okx_liquidation_counts() -> None:
    detail = {"bkPx": "100", "posSide": "long", "side": "sell", "sz": "5", "ts": "1"}
    short = {**detail, "posSide": "short", "side": "buy"}
    row = {"instId": "BTC-USDT-SWAP", "details": [detail, short]}
    other = {"instId": "DOGE-USDT-SWAP", "details": [detail]}
    message = {"arg": {"channel": "liquidation-orders", "instType": "SWAP"}, "data": [other, row]}
    events = [heard.event for heard in _okx().read(message, 0) or ()]
    assert [event.long_liquidated for event in events if isinstance(event, Liquidation)] == [True, False]


def test_an_okx_mark_goes_on_with_the_newest_index_and_none_before_the_first() -> None:
    okx = _okx()
    mark = {"arg": {"channel": "mark-price"}, "data": [{"instId": "BTC-USDT-SWAP", "markPx": "101", "ts": "5"}]}
    index = {"arg": {"channel": "index-tickers"}, "data": [{"instId": "BTC-USDT", "idxPx": "100", "ts": "4"}]}
    (before,) = okx.read(mark, 0) or ()
    assert (before.channel, before.event) == (Channel.MARK, None)
    okx.read(index, 0)
    (after,) = okx.read(mark, 0) or ()
    assert after.event == MarkPrice(5_000_000, 0, "okx", "BTC", 101.0, 100.0)


AGG_TRADE = {"e": "aggTrade", "s": "BTCUSDT", "a": 1, "p": "100.0", "q": "1", "m": False, "T": 1, "E": 1}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("p", "0", "p: expected a number above zero, was '0'"),
        ("q", "-1", "q: expected a number above zero, was '-1'"),
        ("p", "inf", "p: expected a finite number, was 'inf'"),
        ("p", None, "p: expected a number, was None"),
        ("a", "x", "a: expected a whole number, was 'x'"),
        ("T", -1, "T: expected a whole number of zero or more, was -1"),
    ],
)
def test_a_print_with_an_unusable_field_is_refused_with_its_name(field: str, value: object, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        BINANCE.read({**AGG_TRADE, field: value}, 0)


def test_a_crossed_top_is_refused() -> None:
    top = {"e": "bookTicker", "s": "BTCUSDT", "b": "101", "B": "1", "a": "100", "A": "1", "T": 1}
    with pytest.raises(BadFrame, match="expected a bid under the ask, was 101 and 100"):
        BINANCE.read(top, 0)


def test_messages_of_others_are_not_ours() -> None:
    assert BINANCE.read({"e": "kline"}, 0) is None
    assert BINANCE.read({"result": None, "id": 1}, 0) is None
    assert BINANCE.read({**AGG_TRADE, "s": "DOGEUSDT"}, 0) == ()
    assert _okx().read({"event": "subscribe", "arg": {"channel": "trades"}}, 0) is None


BIDS = [[100.0, 1.0], [99.91, 2.0], [99.89, 4.0]]
ASKS = [[100.1, 1.0], [100.19, 2.0], [100.31, 4.0]]


def test_levels_within_10_bps_of_each_sides_best_are_near() -> None:
    near = near_levels(BIDS, ASKS, 10.0, 0.5)
    assert near == (((100.0, 0.5), (99.91, 1.0)), ((100.1, 0.5), (100.19, 1.0)))


@pytest.mark.parametrize(("bids", "asks"), [([], ASKS), (BIDS, []), (ASKS, BIDS)])
def test_an_empty_or_crossed_book_is_no_book(bids: list[list[float]], asks: list[list[float]]) -> None:
    assert near_levels(bids, asks, 10.0) is None
