"""Which pair of loopback venues a test runs on: the first (tests/loopback) or the second (tests/loopback_second).

They were written by different people, the second without sight of the first: what holds on both is not one author's
reading of a protocol. A test module with `ON_BOTH_PAIRS = True` can run on either, but for its tests marked
`first_pair("why")`. Running all of them twice would take minutes: the modules of `SECOND_TOO` (orders, stops, flatten,
chaos) always run on both; COCKPIT_PAIRS=both runs every one on both, COCKPIT_PAIRS=first none, and the name of a pair
(krakenfutures, bybit, hyperliquid, coinbase, coinbase-spot: Binance beside that one) runs them on it alone.

A test marked `every_venue` always runs at each of these five as well, in OKX's place. `not_at("why", "bybit")` says of
any test which of the five cannot show it (without names: none of them can). All tests at all venues would take half an
hour.
"""

import os
from collections.abc import Sequence
from typing import Any

import pytest

from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.bybit_trading import BybitTradingVenue, FineBybitVenue
from tests.loopback.coinbase_spot import CoinbaseSpotVenue
from tests.loopback.coinbase_trading import CoinbaseTradingVenue
from tests.loopback.hyperliquid_trading import HyperliquidTradingVenue
from tests.loopback.krakenfutures_trading import KrakenFuturesTradingVenue
from tests.loopback.okx_trading import OkxTradingVenue
from tests.loopback_second.bridge_pair import SecondBinance, SecondOkx

FIRST, SECOND, WITH_KRAKEN, WITH_BYBIT = "loopback", "second", "krakenfutures", "bybit"
WITH_COINBASE = "coinbase"
WITH_SPOT = "coinbase-spot"
WITH_HYPERLIQUID = "hyperliquid"
PAIRS: dict[str, dict[str, type[Any]]] = {
    FIRST: {
        "binance": BinanceTradingVenue,
        "okx": OkxTradingVenue,
        "krakenfutures": KrakenFuturesTradingVenue,
        "bybit": BybitTradingVenue,
        "hyperliquid": HyperliquidTradingVenue,
        "coinbase": CoinbaseTradingVenue,
    },
    SECOND: {"binance": SecondBinance, "okx": SecondOkx},
    WITH_KRAKEN: {"binance": BinanceTradingVenue, "krakenfutures": KrakenFuturesTradingVenue},
    WITH_BYBIT: {"binance": BinanceTradingVenue, "bybit": FineBybitVenue},
    WITH_COINBASE: {"binance": BinanceTradingVenue, "coinbase": CoinbaseTradingVenue},
    WITH_SPOT: {"binance": BinanceTradingVenue, "coinbase": CoinbaseSpotVenue},
    WITH_HYPERLIQUID: {"binance": BinanceTradingVenue, "hyperliquid": HyperliquidTradingVenue},
}
BESIDE = ("okx", "krakenfutures", "bybit", "coinbase", "hyperliquid")
"""The venues that a world may have beside Binance."""
NEWER = (WITH_BYBIT, WITH_HYPERLIQUID, WITH_COINBASE, WITH_SPOT, WITH_KRAKEN)
"""The pairs that `every_venue` adds."""
SECOND_TOO = {
    "test_real_orders",
    "test_real_doubt",
    "test_real_flatten",
    "test_fault_stops",
    "test_fault_flatten",
    "test_hidden_position",
    "test_chaos",
    "test_chaos_hands",
}
_chosen: list[str] = [FIRST]


def choose(pair: str) -> None:
    """From here on venues are of this pair."""
    _chosen[0] = pair


def chosen() -> str:
    return _chosen[0]


def second() -> str:
    """The venue beside Binance where a world has two."""
    return beside(chosen())


def beside(pair: str) -> str:
    """The venue beside Binance in that pair."""
    return next(name for name in reversed(sorted(PAIRS[pair])) if name in BESIDE)


def is_spot() -> bool:
    """Whether the second venue trades coins: long only, without positions, leverage or funding."""
    return chosen() == WITH_SPOT


def venue_kind(name: str) -> type[Any]:
    """The class of the venue of that name in the chosen pair; the first one's, where nobody wrote a second."""
    return PAIRS[chosen()].get(name) or PAIRS[FIRST][name]


def parametrize(metafunc: pytest.Metafunc) -> None:
    """For a conftest's `pytest_generate_tests`."""
    if "venue_pair" not in metafunc.fixturenames or not getattr(metafunc.module, "ON_BOTH_PAIRS", False):
        return
    pairs, module = os.environ.get("COCKPIT_PAIRS", ""), metafunc.module.__name__.rpartition(".")[2]
    is_first_only = metafunc.definition.get_closest_marker("first_pair") is not None
    if pairs in PAIRS:
        if not is_first_only:
            _name_the_second(metafunc, pairs)
        why_not = _why_not_at(metafunc).get(pairs)
        chosen_pair = FIRST if is_first_only else pairs
        marks = () if why_not is None else pytest.mark.skip(reason=why_not)
        metafunc.parametrize("venue_pair", [pytest.param(chosen_pair, id=chosen_pair, marks=marks)], indirect=True)
        return
    on_both = pairs == "both" or (pairs != "first" and module in SECOND_TOO)
    chosen_pairs = [FIRST, SECOND] if on_both and not is_first_only else [FIRST]
    if pairs != "first" and metafunc.definition.get_closest_marker("every_venue") is not None:
        _add_the_newer(metafunc, chosen_pairs)
    elif on_both:
        metafunc.parametrize("venue_pair", chosen_pairs, indirect=True)


def _add_the_newer(metafunc: pytest.Metafunc, chosen_pairs: Sequence[str]) -> None:
    """Its venues on the usual pairs, and each newer venue on its own."""
    marks = metafunc.definition.own_markers
    (named,) = [mark for mark in marks if mark.name == "parametrize" and mark.args[0] == "name"]
    marks.remove(named)
    both = [(pair, name) for pair in chosen_pairs for name in named.args[1]]
    apart = _why_not_at(metafunc)
    newer = [(pair, beside(pair)) for pair in NEWER if pair not in apart]
    ids = [f"{name}-{pair}" for pair, name in both] + [pair for pair, _ in newer]
    metafunc.parametrize(("venue_pair", "name"), [*both, *newer], indirect=["venue_pair"], ids=ids)


def _why_not_at(metafunc: pytest.Metafunc) -> dict[str, str]:
    """Which of the newer venues cannot show what the test is about, and why."""
    marks = list(metafunc.definition.iter_markers("not_at"))
    return {pair: mark.args[0] for mark in marks for pair in mark.args[1:] or NEWER}


def _name_the_second(metafunc: pytest.Metafunc, pair: str) -> None:
    """What a test is to do at OKX it does at the venue that stands in its place."""
    marks = metafunc.definition.own_markers
    for at, mark in enumerate(marks if "okx" not in PAIRS[pair] else ()):
        if mark.name == "parametrize":
            names, values, *more = mark.args
            in_place = [_in_place(value, beside(pair)) for value in values]
            marks[at] = pytest.mark.parametrize(names, in_place, *more, **mark.kwargs).mark


def _in_place(value: Any, venue: str) -> Any:
    if type(value) is tuple:
        return tuple(_in_place(one, venue) for one in value)
    return venue if value == "okx" else value


@pytest.fixture(autouse=True)
def venue_pair(request: pytest.FixtureRequest) -> Any:
    """The pair of this test; the first one again after it."""
    choose(getattr(request, "param", FIRST))
    yield chosen()
    choose(FIRST)
