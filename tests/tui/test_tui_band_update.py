"""The key that shows proposed bands: what is asked, what is sent, and what is said when there is nothing to ask."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace
from scenes import Scene, scene
from screen_stage import Stage, StandingLink, staged

from cockpit.client.errors import EngineRefused
from cockpit.client.link import LinkChange
from cockpit.domain.bands import BandProposal, ProposedBand
from cockpit.tui.board import Board

PROPOSAL = BandProposal(
    proposal_id="BTC-20380-4",
    asset="BTC",
    ts_ns=1_760_875_260_000_000_000,
    price=108_402.0,
    lower=(
        ProposedBand(107_500.0, 107_700.0, 6e6, "both", "estimated 6.0M USD of longs: 64%; observed 90k USD \x1b[31m"),
    ),
    upper=(),
    new_lower=((107_500.0, 107_700.0), (106_000.0, 106_000.0)),
    new_upper=((109_700.0, 110_000.0),),
    explained_pct=35.0,
    map_source="binance, leverages assumed",
)


def with_proposal(shown: Scene) -> Scene:
    """The scene with bands proposed for BTC."""
    assets = shown.snapshot.assets
    return shown.with_snapshot(
        assets=tuple(replace(asset, proposed_bands=PROPOSAL) if asset.asset == "BTC" else asset for asset in assets)
    )


@pytest.fixture
async def stage(trading: Scene) -> AsyncIterator[Stage]:
    async with staged(StandingLink(with_proposal(trading))) as stage:
        yield stage


async def test_the_key_shows_what_would_change_and_on_what_ground(stage: Stage) -> None:
    await stage.press("b")
    text = stage.text()
    assert "New bands of BTC?" in text
    assert "lower 107,500-107,700  106,000" in text
    assert "was 106,600-106,800" in text
    assert "107,500-107,700: estimated 6.0M USD of longs: 64%; observed 90k USD" in text
    assert "upper stays 109,700-110,000" in text
    assert "Estimated bands rest on 35 % of open interest (binance, leverages" in text
    assert "\x1b" not in text
    assert stage.link.asked == []


async def test_the_pane_says_that_bands_wait_and_whose(stage: Stage) -> None:
    assert " b: new " in stage.text()
    await stage.press("n")
    assert " new: 2 " in stage.text() and "Ladder · SOL SIM" in stage.text(), "those of BTC and of ETH"
    only = tuple(
        replace(asset, proposed_bands=None) if asset.asset != "BTC" else asset
        for asset in stage.link.scene.snapshot.assets
    )
    stage.app.store.take(stage.link.scene.with_snapshot(assets=only).last, stage.clock())
    await stage.settle()
    assert " new: BTC " in stage.text()


@pytest.mark.parametrize("size", [(72, 24), (80, 24), (120, 40), (160, 50), (200, 60)])
@pytest.mark.parametrize("keys", [(), ("m",)], ids=["ladder", "map"])
async def test_whose_ladder_it_is_is_never_lost(size: tuple[int, int], keys: tuple[str, ...]) -> None:
    async with staged(StandingLink(scene("trading")), size=size) as stage:
        await stage.press(*keys)
        board = stage.app.panes.query_one("#bands", Board)

        def top() -> str:
            return "".join(sign for sign, _ in board.cells[0])

        assert "BTC SIM" in top()
        own = top().partition("SIM")[0]
        now = stage.link.scene.snapshot
        proposal = now.assets[0].proposed_bands
        for proposed in ("BTC", "ETH"):
            assets = tuple(
                replace(asset, proposed_bands=proposal if asset.asset == proposed else None) for asset in now.assets
            )
            stage.app.store.take(stage.link.scene.with_snapshot(assets=assets).last, stage.clock())
            await stage.settle()
            assert ("b: new" if proposed == "BTC" else "new: ETH") in top()
            assert top().startswith(own), "it does not move because of a note"
        stage.app.store.take(LinkChange(False, 0.0, "connection refused"), stage.clock())
        stage.clock.now_s += 12
        await stage.settle()
        stage.app.panes.draw(stage.app.view, None)
        assert "STALE" in top() and "BTC SIM" in top() and "…" not in top()


async def test_y_accepts_exactly_what_was_seen(stage: Stage) -> None:
    await stage.press("b", "y")
    await stage.until(lambda: stage.link.asked == [("accept_bands", "BTC", "BTC-20380-4")])
    assert "bands: done" in stage.text()


async def test_any_other_way_out_leaves_the_bands(stage: Stage) -> None:
    await stage.press("b", "b", "enter", "escape")
    assert "New bands of BTC?" not in stage.text()
    assert stage.link.asked == []


async def test_a_refusal_is_said_in_the_engines_words(stage: Stage) -> None:
    stage.link.refusal = EngineRefused("BTC bands stay: BTC-20380-5 is proposed by now", 400)
    await stage.press("b", "y")
    await stage.until(lambda: "BTC bands stay: BTC-20380-5 is proposed by now" in stage.text())


async def test_without_a_proposal_the_key_says_so(stage: Stage) -> None:
    await stage.press("n", "b")
    assert "bands: nothing is proposed for SOL now" in stage.text()
    assert stage.link.asked == []
