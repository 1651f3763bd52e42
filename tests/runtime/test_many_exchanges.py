"""Six exchanges at once: their data is read, and whichever of them falls silent is named, and no other."""

from pathlib import Path

import pytest

from cockpit.domain.kinds import FeedState
from cockpit.domain.snapshot import Snapshot
from tests.runtime.many_exchanges import EXCHANGES, PRICES, many_stage

pytestmark = pytest.mark.timeout(600)


def named_down(snapshot: Snapshot) -> set[str]:
    """The exchanges whose stream is said to be down."""
    details = [
        feed.detail for feed in snapshot.feeds if feed.state is FeedState.DOWN and feed.name.startswith("stream.")
    ]
    return {name for name in EXCHANGES if any(f"{name} down: " in detail for detail in details)}


def is_read(snapshot: Snapshot) -> bool:
    known = {asset.asset: asset for asset in snapshot.assets}
    return all(known[asset].price is not None for asset in PRICES) and not named_down(snapshot)


async def test_each_exchanges_silence_is_named_and_ends(tmp_path: Path) -> None:
    async with many_stage(tmp_path / "home") as stage:
        await stage.engine(mode="paper", overrides=())
        await stage.until(is_read)
        for silent in (set(EXCHANGES[::2]), set(EXCHANGES[1::2])):
            for name in silent:
                stage.venues[name].stalled = True
            snapshot = await stage.until(lambda found, silent=silent: named_down(found) == silent)
            (first,) = [feed.detail for feed in snapshot.feeds if feed.name == "stream.BTC"]
            if "binance" in silent:
                assert "binance down: " in first and "lost: no data of" in first
                code, said = await stage.run("status")
                assert code == 0 and all(f"{name} down: " in said for name in silent), said
            for name in silent:
                stage.venues[name].stalled = False
            await stage.until(is_read)
        assert await stage.terminate() == 0
