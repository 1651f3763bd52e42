"""The venues' real instrument lists and prints, as captured, through the real client library and our readers."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.endpoints import VenueUrls
from cockpit.config.live import LiveSection
from cockpit.domain.events import Trade
from cockpit.exchanges.binance.frames import BinanceFrames
from cockpit.exchanges.binance.market import Binance
from cockpit.exchanges.okx.frames import Contract, OkxFrames
from cockpit.exchanges.okx.market import Okx
from tests.feeds_live.exchange_scene import close_now, now_ms
from tests.loopback.exchange_binance import BinanceVenue
from tests.loopback.exchange_okx import OkxVenue

ASSETS = ("BTC", "SOL", "XRP", "ETH")


@pytest.fixture(scope="module")
def wire(real_data_dir: Path) -> Path:
    directory = real_data_dir / "wire"
    if not directory.is_dir():
        pytest.skip(f"captured wire text not found: expected {directory}")
    return directory


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt") as file:
        yield from file


def _body(path: Path, url_part: str) -> Any:
    line = next(line for line in _lines(path) if url_part in line.split(" -> ")[0])
    return json.loads(line.split(": ", 1)[1])


def _messages(path: Path) -> Iterator[tuple[int, Any]]:
    for line in _lines(path):
        stamp, _, text = line.partition(": ")
        if stamp.replace(".", "").isdecimal():
            yield int(float(stamp) * 1e9), json.loads(text)


async def test_binances_real_instrument_list_is_loaded(wire: Path) -> None:
    async with BinanceVenue(now_ms) as venue:
        venue.exchange_info = _body(wire / "BINANCE_FUTURES.0.gz", "exchangeInfo")
        exchange = Binance(ASSETS, VenueUrls(venue.rest_url, venue.ws_url), LiveSection())
        await exchange.open()
        assert {asset: exchange.market_id(asset) for asset in ASSETS} == {asset: f"{asset}USDT" for asset in ASSETS}
        assert {exchange.unit(asset) for asset in ASSETS} == {1.0}
        await close_now(exchange)


async def test_okxs_real_instrument_list_says_what_a_contract_is(wire: Path) -> None:
    async with OkxVenue(now_ms) as venue:
        venue.instruments = _body(wire / "OKX.0.gz", "instType=SWAP")["data"]
        exchange = Okx(ASSETS, VenueUrls(venue.rest_url, venue.ws_url), LiveSection())
        await exchange.open()
        assert [exchange.market_id(asset) for asset in ASSETS] == [f"{asset}-USDT-SWAP" for asset in ASSETS]
        assert [exchange.unit(asset) for asset in ASSETS] == [0.01, 1.0, 100.0, 0.1]
        await close_now(exchange)


def test_every_captured_print_of_binance_is_read(wire: Path) -> None:
    frames = BinanceFrames({"SUSHIUSDT": "SUSHI", "AKROUSDT": "AKRO", "KEEPUSDT": "KEEP", "CTKUSDT": "CTK"})
    last: dict[str, int] = {}
    read = tops = 0
    for recv_ns, message in _messages(wire / "BINANCE_FUTURES.ws.1.0.gz"):
        for heard in frames.read(message["data"], recv_ns) or ():
            event = heard.event
            if isinstance(event, Trade):
                assert event.trade_id - heard.ids == last.get(event.asset, event.trade_id - heard.ids)
                last[event.asset] = event.trade_id
                read += 1
            else:
                tops += 1
    assert read > 50 and tops > 500


def test_every_captured_print_of_okx_is_read_with_its_taker_side(wire: Path) -> None:
    insts = ("BTC-USD-220527", "UNI-USD-SWAP", "BTC-USDT")
    frames = OkxFrames({inst: Contract(inst, 0.5) for inst in insts}, {})
    prints = 0
    for recv_ns, message in _messages(wire / "OKX.ws.1.0.gz"):
        if message.get("arg", {}).get("channel") != "trades" or "data" not in message:
            continue
        for row, heard in zip(message["data"], frames.read(message, recv_ns) or (), strict=True):
            assert isinstance(heard.event, Trade)
            assert heard.event.qty == float(row["sz"]) * 0.5
            assert heard.event.taker_is_buyer == (row["side"] == "buy")
            prints += 1
    assert prints >= 74
