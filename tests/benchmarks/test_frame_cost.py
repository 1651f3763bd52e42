"""What a frame costs us in calls and instructions of Python, beside the client library alone on the same frames.

Seconds depend on the machine and on who else uses it, instructions on the code alone.
"""

import pytest

from cockpit.config.live import LiveSection
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.binance.market import Binance
from cockpit.exchanges.okx.market import Okx
from tests.benchmarks.frame_cost import okx_frames, text
from tests.benchmarks.test_engine_instructions import opcodes
from tests.feeds_live.frame_rig import reading, seed, unreached
from tests.loopback import exchange_binance, exchange_okx

FRAMES = 50
LIVE = LiveSection(silent_after_s=120, quiet_after_s=600)
MOST_OF_THE_LIBRARY = {
    "aggTrade": 0.23,
    "bookTicker": 0.18,
    "depthUpdate": 0.40,
    "trades": 0.28,
    "bbo-tbt": 0.22,
    "books": 0.44,
}
"""As measured, with room for another version of Python and none for another pass over the message."""


def binance_frames() -> dict[str, list[str]]:
    numbers = range(1, FRAMES + 1)
    trade = {"e": "aggTrade", "E": 1, "s": "BTCUSDT", "p": "61600.1", "q": "0.25", "T": 1, "m": True}
    top = {"e": "bookTicker", "s": "BTCUSDT", "b": "61600", "B": "2", "a": "61600.1", "A": "3", "T": 1, "E": 1}
    levels = [[f"{61_000 + step}.5", f"{step % 3}"] for step in range(30)]
    change = {"e": "depthUpdate", "E": 1, "T": 1, "s": "BTCUSDT", "b": levels, "a": []}
    return {
        "aggTrade": [text({**trade, "a": number, "f": number, "l": number}) for number in numbers],
        "bookTicker": [text({**top, "u": number}) for number in numbers],
        "depthUpdate": [text({**change, "U": number, "u": number, "pu": number - 1}) for number in numbers],
    }


VENUES = [
    (Binance, exchange_binance.instrument("BTC"), binance_frames()),
    (Okx, exchange_okx.instrument("BTC"), {name: each[:FRAMES] for name, each in okx_frames().items()}),
]


@pytest.mark.parametrize(("made", "instrument", "frames"), VENUES, ids=["binance", "okx"])
async def test_a_frame_costs_a_part_of_what_it_costs_the_library(
    made: type[Exchange], instrument: dict[str, str], frames: dict[str, list[str]]
) -> None:
    async with reading(unreached(made, [instrument], ["BTC"]), LIVE) as rig:
        library, symbol = rig.library(), rig.exchange.symbols["BTC"]
        for client, socket in ((rig.exchange.client, rig.socket), (library.client, library.socket)):
            seed(client, symbol, [[60_999.0, 1.0]], [[62_000.0, 1.0]], 0)
            socket.subscriptions[f"books:{symbol}"] = True
        for kind in MOST_OF_THE_LIBRARY.keys() & frames.keys():
            ours = opcodes(lambda kind=kind: [rig.read(frame) for frame in frames[kind]])  # type: ignore[misc]
            theirs = opcodes(lambda kind=kind: [library.read(frame) for frame in frames[kind]])  # type: ignore[misc]
            print(f"{kind}: {ours / FRAMES:.0f} instructions a frame, {ours / theirs:.3f} of the library's")
            assert ours / theirs < MOST_OF_THE_LIBRARY[kind], f"{kind}: {ours / theirs:.3f} of the library's"
        assert not any(rig.feed.counts.values())
