"""What our own decoders make of a frame is what the client library makes of it, on every recorded frame there is."""

import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.domain.events import Depth, Liquidation, MarkPrice, Top, Trade
from cockpit.exchanges.base.decoder import BookChange
from cockpit.exchanges.base.streams import near_levels
from cockpit.exchanges.binance.market import Binance
from cockpit.exchanges.okx.market import Okx
from tests.feeds_live.frame_rig import FrameRig, LibraryAlone, reading, seed, unreached
from tests.feeds_live.wire_player import CAPTURE, read_capture
from tests.loopback import exchange_binance, exchange_okx

NS_PER_MS = 1_000_000
OKX_UNIT = 0.01


@pytest.fixture
async def binance() -> AsyncIterator[FrameRig]:
    async with reading(unreached(Binance, [exchange_binance.instrument("BTC")], ["BTC"])) as rig:
        yield rig


@pytest.fixture
async def okx() -> AsyncIterator[FrameRig]:
    async with reading(unreached(Okx, [exchange_okx.instrument("BTC")], ["BTC"])) as rig:
        yield rig


def _text(message: object) -> str:
    return json.dumps(message, separators=(",", ":"))


def _decoded(rig: FrameRig, text: str) -> Any:
    assert rig.exchange.decoder is not None
    return rig.exchange.decoder.decode(text, 7)


def _is_as_the_slow_way(rig: FrameRig, text: str) -> bool:
    """Whether the decoder took the frame; where it did, the reader of decoded messages must say the same of it."""
    found, message = _decoded(rig, text), json.loads(text)
    if isinstance(found, BookChange):
        assert rig.exchange.frames.depth_of(message) == (found.asset, found.sequence, found.ts_ns)
    elif found is not None:
        assert tuple(found) == rig.exchange.frames.read(message, 7)
    return found is not None


# -- recorded frames


def _recorded_binance(directory: Path) -> Iterator[dict[str, Any]]:
    for line in read_capture(directory / CAPTURE).lines:
        yield line.data
    with gzip.open(directory / "wire" / "BINANCE_FUTURES.ws.1.0.gz", "rt") as file:
        for line_text in file:
            _, _, frame = line_text.partition(": ")
            if frame.startswith("{"):
                yield json.loads(frame)["data"]


async def test_every_recorded_frame_of_binance_is_what_the_library_makes_of_it(
    binance: FrameRig, real_data_dir: Path
) -> None:
    path = real_data_dir / CAPTURE
    if not path.is_file():
        pytest.skip(f"real wire capture not found: expected {path}")
    library, symbol = binance.library(), binance.exchange.symbols["BTC"]
    snapshot = read_capture(path).snapshot
    levels = [[[float(price), float(qty)] for price, qty in snapshot[side]] for side in ("bids", "asks")]
    books = [
        seed(client, symbol, *levels, snapshot["lastUpdateId"]) for client in (binance.exchange.client, library.client)
    ]
    seen: Counter[str] = Counter()
    for message in _recorded_binance(real_data_dir):
        if message.get("s") != "BTCUSDT":
            continue
        kind, text = message["e"], _text(message)
        seen[kind] += 1
        assert _is_as_the_slow_way(binance, text), text
        events = binance.read(text)
        library.read(text)
        if kind == "depthUpdate":
            books[1].limit()
            assert books[0]["nonce"] == books[1]["nonce"]
            assert near_levels(books[0]["bids"], books[0]["asks"], 10.0) == near_levels(
                books[1]["bids"], books[1]["asks"], 10.0
            )
            assert len(events) <= 1
        else:
            assert len(events) == 1
            _is_the_librarys(library, symbol, events[0])
    assert list(books[0]["bids"]) == list(books[1]["bids"])
    assert list(books[0]["asks"]) == list(books[1]["asks"])
    assert seen["aggTrade"] > 21_000 and seen["bookTicker"] > 66_000 and seen["depthUpdate"] > 6_500


async def test_recorded_forced_orders_are_decoded(binance: FrameRig, okx: FrameRig, real_data_dir: Path) -> None:
    path = real_data_dir / "fixtures" / "liquidation_frames_live.json"
    if not path.is_file():
        pytest.skip(f"captured liquidations not found: expected {path}")
    taken = 0
    for captured in json.loads(path.read_text())["frames"]:
        message = json.loads(captured["raw"])
        message = message.get("data", message) if "stream" in message else message
        rig = {"binance": binance, "okx": okx}.get(captured["venue"].split()[0])
        if rig is not None:
            taken += _is_as_the_slow_way(rig, _text(message))
    assert taken >= 2


async def test_recorded_frames_of_okx_are_what_the_slow_way_makes_of_them(real_data_dir: Path) -> None:
    """The recording is older than the book's sequence numbers: they are put in, as they come today."""
    path = real_data_dir / "wire" / "OKX.ws.1.0.gz"
    if not path.is_file():
        pytest.skip(f"recorded wire not found: expected {path}")
    async with reading(unreached(Okx, [exchange_okx.instrument("BTC")], ["BTC"])) as rig:
        library, symbol = rig.library(), rig.exchange.symbols["BTC"]
        seen: Counter[str] = Counter()
        with gzip.open(path, "rt") as file:
            frames = [line.partition(": ")[2] for line in file if '"data"' in line and '"instId":"BTC-USDT"' in line]
        for number, frame in enumerate(frames, 1):
            message = json.loads(frame.replace("BTC-USDT", "BTC-USDT-SWAP"))
            channel = message["arg"]["channel"]
            if channel == "books":
                for row in message["data"]:
                    row |= {"seqId": number, "prevSeqId": seen["books"] or -1}
                seen["books"] = number
            text = _text(message)
            library.read(text)
            taken = _is_as_the_slow_way(rig, text)
            events = rig.read(text)
            assert taken == (channel == "trades" or message.get("action") == "update"), text
            if channel == "trades":
                seen[channel] += 1
                _is_the_librarys(library, symbol, events[-1], OKX_UNIT)
            elif channel == "books":
                book, theirs = rig.exchange.book("BTC"), library.client.orderbooks[symbol]
                theirs.limit()
                assert [list(book[side]) for side in ("bids", "asks")] == [
                    list(theirs[side]) for side in ("bids", "asks")
                ]
                assert book["nonce"] == theirs["nonce"] == number
        assert seen["trades"] > 20 and seen["books"] > 100


def _is_the_librarys(library: LibraryAlone, symbol: str, event: object, unit: float = 1.0) -> None:
    client = library.client
    if isinstance(event, Trade):
        theirs = client.trades[symbol][-1]
        side = "buy" if event.taker_is_buyer else "sell"
        assert (theirs["id"], theirs["price"], theirs["amount"] * unit) == (str(event.trade_id), event.price, event.qty)
        assert (theirs["side"], theirs["timestamp"] * NS_PER_MS) == (side, event.ts_ns)
    elif isinstance(event, Top):
        theirs = client.bidsasks[symbol]
        assert (theirs["bid"], theirs["bidVolume"] * unit) == (event.bid, event.bid_qty)
        assert (theirs["ask"], theirs["askVolume"] * unit) == (event.ask, event.ask_qty)
    elif isinstance(event, MarkPrice):
        theirs = client.tickers[symbol]
        assert (theirs["markPrice"], theirs["timestamp"] * NS_PER_MS) == (event.mark, event.ts_ns)
    elif isinstance(event, Liquidation):
        theirs = client.liquidations[-1]
        assert (theirs["contracts"] * unit, theirs["price"]) == (event.qty, event.price)
    else:
        raise AssertionError(f"expected a trade, top, mark or forced order, was {event!r}")


# -- small frames

BINANCE_TRADE = {
    "e": "aggTrade",
    "E": 2,
    "s": "BTCUSDT",
    "a": 5,
    "p": "61600.1",
    "q": "0.25",
    "f": 1,
    "l": 2,
    "T": 1,
    "m": True,
}
BINANCE_TOP = {"e": "bookTicker", "u": 1, "s": "BTCUSDT", "b": "100", "B": "2", "a": "100.1", "A": "3", "T": 1, "E": 2}
BINANCE_MARK = {"e": "markPriceUpdate", "E": 2, "s": "BTCUSDT", "p": "100.05", "i": "100.01", "r": "0.0001", "T": 9}
BINANCE_ORDER = {
    "s": "BTCUSDT",
    "S": "SELL",
    "q": "3",
    "p": "99",
    "ap": "99.5",
    "X": "FILLED",
    "l": "3",
    "z": "3",
    "T": 1,
}
BINANCE_FORCED = {"e": "forceOrder", "E": 2, "o": BINANCE_ORDER}
OKX_TRADE = {
    "instId": "BTC-USDT-SWAP",
    "tradeId": "9",
    "px": "100.5",
    "sz": "25",
    "side": "sell",
    "ts": "1",
    "count": "3",
}
OKX_DETAIL = {"bkLoss": "0", "bkPx": "99.5", "posSide": "short", "side": "buy", "sz": "7", "ts": "1"}


def _okx(channel: str, *rows: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"arg": {"channel": channel, "instId": "BTC-USDT-SWAP"}, **more, "data": list(rows)}


@pytest.mark.parametrize(
    "message", [BINANCE_TRADE, BINANCE_TOP, BINANCE_MARK, BINANCE_FORCED], ids=lambda m: str(m["e"])
)
async def test_a_frame_of_binance_is_decoded_as_the_library_does(binance: FrameRig, message: dict[str, Any]) -> None:
    library = binance.library()
    assert _is_as_the_slow_way(binance, _text(message))
    (event,) = binance.read(_text(message))
    library.read(_text(message))
    _is_the_librarys(library, binance.exchange.symbols["BTC"], event)


@pytest.mark.parametrize(
    "message",
    [
        _okx("trades", OKX_TRADE),
        _okx("bbo-tbt", {"asks": [["100.1", "3", "0", "1"]], "bids": [["100", "2", "0", "4"]], "ts": "1"}),
        _okx("mark-price", {"instId": "BTC-USDT-SWAP", "markPx": "100.2", "ts": "1"}),
        _okx("liquidation-orders", {"instId": "BTC-USDT-SWAP", "details": [OKX_DETAIL]}),
    ],
    ids=lambda message: str(message["arg"]["channel"]),
)
async def test_a_frame_of_okx_is_decoded_as_the_library_does(okx: FrameRig, message: dict[str, Any]) -> None:
    library = okx.library()
    index = _okx("index-tickers", {"instId": "BTC-USDT", "idxPx": "100.3", "ts": "1"})
    assert _is_as_the_slow_way(okx, _text(index))
    assert okx.read(_text(index)) == []
    assert _is_as_the_slow_way(okx, _text(message))
    (event,) = okx.read(_text(message))
    library.read(_text(message))
    _is_the_librarys(library, okx.exchange.symbols["BTC"], event, OKX_UNIT)


async def test_the_order_of_a_frames_fields_does_not_matter(binance: FrameRig) -> None:
    backwards = dict(reversed(BINANCE_TRADE.items()))
    assert _decoded(binance, json.dumps(backwards)) == _decoded(binance, _text(BINANCE_TRADE)) is not None


@pytest.mark.parametrize("wrong", ["NaN", "inf", "0", "-1", "1e999", "", None, [], "x"])
async def test_a_print_that_cannot_be_is_not_decoded_but_said(binance: FrameRig, wrong: object) -> None:
    text = _text({**BINANCE_TRADE, "p": wrong})
    assert _decoded(binance, text) is None
    assert binance.read(text) == []
    assert binance.feed.counts["unreadable messages"] == 1


@pytest.mark.parametrize("text", ["pong", "{not json", "[1", '{"result":null,"id":1}', "", "\ud800"])
async def test_what_is_no_frame_is_left_to_the_library_and_ends_nothing(
    binance: FrameRig, okx: FrameRig, text: str
) -> None:
    for rig in (binance, okx):
        assert _decoded(rig, text) is None
        assert rig.read(text) == []
    assert binance.read(_text(BINANCE_TRADE))


async def test_the_silence_of_a_channel_ends_with_a_decoded_frame(binance: FrameRig) -> None:
    assert binance.feed._silence is not None
    waited_for = len(binance.feed._silence.waited_for())
    for frame in (BINANCE_TRADE, BINANCE_TOP, BINANCE_MARK):
        binance.read(_text(frame))
    assert len(binance.feed._silence.waited_for()) == waited_for - 3


# -- the book

BIDS, ASKS = [[100.0, 1.0], [99.9, 2.0]], [[100.1, 1.0], [100.2, 2.0]]


def _change(before: int, after: int, bids: list[list[str]], asks: list[list[str]]) -> str:
    stamps = {"E": 5, "T": 5, "U": before + 1, "u": after, "pu": before}
    return _text({"e": "depthUpdate", "s": "BTCUSDT", **stamps, "b": bids, "a": asks})


async def test_a_change_of_the_book_is_carried_out_as_the_library_does(binance: FrameRig) -> None:
    symbol, library = binance.exchange.symbols["BTC"], binance.library()
    ours, theirs = (seed(client, symbol, BIDS, ASKS, 10) for client in (binance.exchange.client, library.client))
    changes = [
        _change(10, 12, [["100.0", "3"], ["99.9", "0"], ["99.8", "4"]], [["100.15", "1"]]),
        _change(12, 13, [["100.05", "1"], ["98", "0"]], [["100.1", "0"], ["100.1", "5"]]),
        _change(13, 20, [], [["100.15", "0"], ["101", "7"]]),
    ]
    for text in changes:
        (event,) = binance.read(text)
        library.read(text)
        assert isinstance(event, Depth) and event.ts_ns == 5 * NS_PER_MS
        assert (list(ours["bids"]), list(ours["asks"])) == (list(theirs["bids"]), list(theirs["asks"]))
        assert (ours["bids"]._index, ours["asks"]._index) == (theirs["bids"]._index, theirs["asks"]._index)
        assert ours["nonce"] == theirs["nonce"]


async def test_a_change_that_does_not_follow_on_is_the_librarys_to_find(binance: FrameRig) -> None:
    symbol = binance.exchange.symbols["BTC"]
    book = seed(binance.exchange.client, symbol, BIDS, ASKS, 10)
    assert binance.read(_change(15, 16, [["100.0", "9"]], [])) == []
    assert book["bids"][0] == [100.0, 1.0], "nothing is carried out on a book with a gap"
    assert binance.exchange.book("BTC") is None, "the library gives the book up and fetches another"


async def test_changes_before_the_snapshot_wait_in_the_library(binance: FrameRig) -> None:
    symbol = binance.exchange.symbols["BTC"]
    book = seed(binance.exchange.client, symbol, [], [], 0)
    book["nonce"] = None
    assert binance.read(_change(10, 12, [["100.0", "3"]], [])) == []
    assert [message["u"] for message in book.cache] == [12]


async def test_a_gap_in_the_book_of_okx_is_the_librarys_to_find(okx: FrameRig) -> None:
    level = ["100.1", "3", "0", "1"]
    first = {"asks": [level], "bids": [["100", "2", "0", "4"]], "ts": "5", "prevSeqId": -1, "seqId": 10}
    snapshot = _text(_okx("books", first, action="snapshot"))
    okx.socket.subscriptions["books:" + okx.exchange.symbols["BTC"]] = True
    assert _decoded(okx, snapshot) is None
    assert len(okx.read(snapshot)) == 1
    update = {**first, "bids": [["100", "7", "0", "4"]], "prevSeqId": 10, "seqId": 12}
    (event,) = okx.read(_text(_okx("books", update, action="update")))
    assert isinstance(event, Depth) and event.bids[0] == (100.0, pytest.approx(0.07))
    assert okx.read(_text(_okx("books", {**update, "prevSeqId": 13, "seqId": 14}, action="update"))) == []
    assert okx.exchange.book("BTC") is None
