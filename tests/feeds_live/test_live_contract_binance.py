"""Binance's stream keeps the contract of every exchange."""

from tests.feeds_live.exchange_contract import ExchangeContract
from tests.feeds_live.exchange_scene import BinanceScene


class TestBinance(ExchangeContract):
    scene = BinanceScene
