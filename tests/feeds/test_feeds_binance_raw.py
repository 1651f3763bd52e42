"""A raw Binance capture becomes trades and tops in file order, and everything else is counted with its reason."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.events import Top, Trade
from cockpit.exchanges.binance import raw_capture as binance_raw
from cockpit.exchanges.binance.raw_capture import BinanceCapture, CaptureError, asset_of

RECV_NS = 1_723_161_255_088_176_367
TRADE = {
    "e": "trade",
    "T": 1723161256322,
    "s": "BTCUSDT",
    "t": 7,
    "p": "61800.30",
    "q": "0.006",
    "X": "MARKET",
    "m": False,
}
TOP: dict[str, object] = {
    "u": 1,
    "s": "BTCUSDT",
    "b": "61800.20",
    "B": "2.507",
    "a": "61800.30",
    "A": "2.510",
    "T": 1723161256313,
}
GOOD = {"stream": "btcusdt@trade", "data": TRADE}


def framed(stream: str, data: dict[str, object]) -> bytes:
    return f"{RECV_NS} {json.dumps({'stream': f'btcusdt@{stream}', 'data': data})}".encode()


def capture_of(directory: Path, *lines: bytes) -> BinanceCapture:
    path = directory / "capture.txt"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return BinanceCapture(path)


class TestRealCaptures:
    def test_futures_capture_gives_every_trade_and_top(self, real_data_dir: Path) -> None:
        capture = BinanceCapture(real_data_dir / "usdm_btcusdt_20240808.gz")
        events = list(capture.events())
        assert (capture.trades, capture.tops) == (21_313, 66_089)
        assert capture.left == {binance_raw.DEPTH: 6_551, binance_raw.SNAPSHOT: 1}
        assert capture.ended_early == ""
        assert len(events) == 21_313 + 66_089
        received = [event.recv_ns for event in events]
        assert received == sorted(received)
        ids = [event.trade_id for event in events if isinstance(event, Trade)]
        assert ids == list(range(5266583935, 5266583935 + 21_313))

    def test_spot_capture_stamps_its_tops_with_the_time_of_receipt(self, real_data_dir: Path) -> None:
        capture = BinanceCapture(real_data_dir / "spot_btcusdt_20240808.gz", as_perp=True)
        tops = [event for event in capture.events() if isinstance(event, Top)]
        assert (capture.trades, capture.tops) == (9_757, 28_040)
        assert capture.left == {binance_raw.DEPTH: 3_451, binance_raw.SNAPSHOT: 1}
        assert all(top.ts_ns == top.recv_ns for top in tops)

    def test_a_spot_capture_is_not_taken_for_the_perpetuals(self, real_data_dir: Path) -> None:
        capture = BinanceCapture(real_data_dir / "spot_btcusdt_20240808.gz")
        with pytest.raises(CaptureError, match="expected a perpetual's capture, was spot: --as-perp imports it"):
            list(capture.events())

    def test_aggregated_trades_of_four_futures_pairs(self, real_data_dir: Path, tmp_path: Path) -> None:
        """Another recorder's wire text (`seconds.fraction: JSON`), its stamps rewritten as `recv_ns JSON`."""
        with gzip.open(real_data_dir / "wire" / "BINANCE_FUTURES.ws.1.0.gz", "rt") as file:
            parted = [line.partition(": ") for line in file if line[:1].isdigit()]
        messages = [json.loads(message) for _, _, message in parted]
        lines = [f"{round(float(stamp) * 1e9)} {message}".encode() for stamp, _, message in parted]
        capture = capture_of(tmp_path, *lines)
        events = list(capture.events())
        streams = [message["stream"].partition("@")[2] for message in messages]
        assert capture.trades == streams.count("aggTrade") > 0
        assert capture.tops == streams.count("bookTicker") > 0
        assert capture.left[binance_raw.DEPTH] == streams.count("depth@100ms") > 0
        assert {event.asset for event in events} <= {"SUSHI", "AKRO", "KEEP", "CTK"}


def test_trade_and_top_carry_the_exchanges_time_and_the_takers_side(tmp_path: Path) -> None:
    capture = capture_of(tmp_path, framed("trade", TRADE), framed("bookTicker", TOP))
    assert list(capture.events()) == [
        Trade(1_723_161_256_322_000_000, RECV_NS, "binance", "BTC", 61_800.3, 0.006, True, 7),
        Top(1_723_161_256_313_000_000, RECV_NS, "binance", "BTC", 61_800.2, 2.507, 61_800.3, 2.51),
    ]


@pytest.mark.parametrize("name", ["capture.txt", "capture.gz"])
def test_an_empty_file_is_called_empty(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    with pytest.raises(CaptureError, match=r"expected a capture, was empty \(0 bytes\)"):
        list(BinanceCapture(path).events())


@pytest.mark.parametrize(
    "line",
    [
        framed("trade", TRADE | {"M": True}),
        framed("bookTicker", {name: value for name, value in TOP.items() if name != "T"}),
    ],
)
def test_spot_is_told_by_what_only_spot_sends(tmp_path: Path, line: bytes) -> None:
    with pytest.raises(CaptureError, match="was spot"):
        list(capture_of(tmp_path, line).events())
    capture = BinanceCapture(tmp_path / "capture.txt", as_perp=True)
    assert len(list(capture.events())) == 1
    assert "SPOT taken as a perpetual: its prices are not the perpetual's" in capture.summary()


def test_a_buyer_who_was_the_maker_means_the_taker_sold(tmp_path: Path) -> None:
    (trade,) = capture_of(tmp_path, framed("trade", TRADE | {"m": True})).events()
    assert isinstance(trade, Trade)
    assert not trade.taker_is_buyer


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (framed("trade", TRADE | {"t": 8, "X": "INSURANCE_FUND"}), binance_raw.NOT_MARKET),
        (framed("trade", TRADE | {"t": 8, "X": "ADL"}), binance_raw.NOT_MARKET),
        (framed("trade", TRADE), binance_raw.DUPLICATE),
        (framed("aggTrade", TRADE | {"a": 9}), binance_raw.OTHER_TAPE),
        (
            framed("trade", TRADE | {"t": 8, "s": "BTCUSD_PERP"}),
            "COIN-M contract: its quantities are contracts of a fixed USD value, not coins, and are not imported",
        ),
        (framed("bookTicker", TOP | {"s": "ETHUSD_240927"}), binance_raw.COIN_MARGINED),
        (framed("trade", TRADE | {"t": 8, "s": "BTCUSDT_240927"}), binance_raw.DATED),
        (framed("depth@100ms", {"e": "depthUpdate"}), binance_raw.DEPTH),
        (framed("kline_1m", {"e": "kline"}), "kline_1m: a stream that is not imported"),
        (f'{RECV_NS} {{"lastUpdateId": 5, "bids": [], "asks": []}}'.encode(), binance_raw.SNAPSHOT),
        (f'{RECV_NS} {{"result": null, "id": 1}}'.encode(), binance_raw.NOT_A_FRAME),
        (framed("trade", TRADE | {"t": 8, "p": "0"}), binance_raw.NOT_POSITIVE),
        (framed("trade", TRADE | {"t": 8, "q": "-1"}), binance_raw.NOT_POSITIVE),
        (framed("trade", TRADE | {"t": 8, "p": "1e999"}), binance_raw.UNREADABLE),
        (framed("trade", TRADE | {"t": 8, "p": "nan"}), binance_raw.NOT_POSITIVE),
        (framed("trade", TRADE | {"t": 8, "p": "high"}), binance_raw.UNREADABLE),
        (framed("trade", TRADE | {"t": 8, "s": "ETHBTC"}), binance_raw.NO_USD_QUOTE),
        (framed("trade", {"t": 8}), binance_raw.UNREADABLE),
        (framed("bookTicker", TOP | {"b": "61800.40"}), binance_raw.CROSSED),
        (framed("bookTicker", TOP | {"A": "0"}), binance_raw.NOT_POSITIVE),
        (b"", binance_raw.UNREADABLE),
        (b"no stamp at all", binance_raw.UNREADABLE),
        (f"{RECV_NS}".encode(), binance_raw.UNREADABLE),
        (f"-5 {json.dumps(GOOD)}".encode(), binance_raw.UNREADABLE),
        (f"{RECV_NS} {json.dumps(GOOD)[:60]}".encode(), binance_raw.UNREADABLE),
        (f"{RECV_NS} [1, 2]".encode(), binance_raw.UNREADABLE),
        (f"{RECV_NS} ".encode() + b"\xff\xfe\x00", binance_raw.UNREADABLE),
        (f"{'9' * 5000} {json.dumps(GOOD)}".encode(), binance_raw.UNREADABLE),
        (f"{2**63} {json.dumps(GOOD)}".encode(), binance_raw.UNREADABLE),
        (framed("trade", TRADE | {"t": 8, "T": 10**17}), binance_raw.FAR_STAMP),
        (framed("trade", TRADE | {"t": 8, "T": 1723161256322 + 90_000_000}), binance_raw.FAR_STAMP),
        (framed("bookTicker", TOP | {"T": 0}), binance_raw.FAR_STAMP),
        (framed("trade", TRADE | {"t": 2**63}), binance_raw.UNREADABLE),
        (framed("trade", TRADE | {"t": 8, "T": -1}), binance_raw.UNREADABLE),
    ],
)
def test_what_is_left_is_counted_with_its_reason(tmp_path: Path, line: bytes, reason: str) -> None:
    capture = capture_of(tmp_path, framed("trade", TRADE), line)
    assert len(list(capture.events())) == 1
    assert capture.left == {reason: 1}
    assert f"left 1: {reason}" in capture.summary()


def test_the_summary_begins_with_what_was_taken(tmp_path: Path) -> None:
    capture = capture_of(tmp_path, framed("trade", TRADE), framed("bookTicker", TOP), b"?")
    list(capture.events())
    assert capture.summary()[0] == "3 lines: took 1 trade and 1 top"


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    capture = capture_of(tmp_path, framed("trade", TRADE), framed("bookTicker", TOP))
    assert list(capture.events()) == list(capture.events())
    assert (capture.lines, capture.trades, capture.tops) == (2, 1, 1)


def test_gzip_is_recognised_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(gzip.compress(framed("trade", TRADE)))
    assert len(list(BinanceCapture(path).events())) == 1


def test_a_cut_gzip_file_gives_what_it_holds_and_says_that_it_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    lines = b"\n".join(framed("trade", TRADE | {"t": number}) for number in range(20_000))
    whole = gzip.compress(lines)
    path.write_bytes(whole[: len(whole) * 3 // 4])
    capture = BinanceCapture(path)
    assert 0 < len(list(capture.events())) < 20_000
    assert capture.summary()[-1].startswith("the file ends early: ")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("missing.gz", None, "expected a readable file, was No such file or directory"),
        ("plain.gz", b"plain text", "expected a gzip file, was something else under that name"),
        ("empty.txt", b"", "expected a capture, was empty (0 bytes)"),
        ("prose.txt", b"dear diary\n", "found none in 1 lines (1 x unreadable line"),
        ("cut.gz", gzip.compress(framed("trade", TRADE), mtime=0)[:15], "found none in 0 lines (Compressed file ended"),
    ],
)
def test_a_capture_that_cannot_be_imported_says_why_in_one_line(
    tmp_path: Path, name: str, content: bytes | None, expected: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CaptureError) as caught:
        list(BinanceCapture(path).events())
    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_directory_is_not_a_capture(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="expected a readable file, was Is a directory"):
        list(BinanceCapture(tmp_path).events())


@given(st.lists(st.binary(max_size=80), max_size=8))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    capture = capture_of(tmp_path_factory.mktemp("hostile"), framed("trade", TRADE), *lines)
    assert len(list(capture.events())) == 1
    assert sum(capture.left.values()) == capture.lines - 1


@pytest.mark.parametrize(
    ("symbol", "asset"),
    [("BTCUSDT", "BTC"), ("ETHUSDC", "ETH"), ("1000PEPEUSDT", "1000PEPE"), ("SOLFDUSD", "SOL"), ("ETHBTC", None),
     ("USDT", None), ("BTCUSDT_240927", None), ("", None)],
)  # fmt: skip
def test_an_asset_is_the_symbol_without_its_dollar(symbol: str, asset: str | None) -> None:
    assert asset_of(symbol) == asset
