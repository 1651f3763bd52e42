"""Accepting proposed bands as a call: what was seen is what counts, a restart keeps it, the recording replays."""

from pathlib import Path

from api_stage import ROOMY, Running, eventually, running

from cockpit.client.address import local
from cockpit.client.http import EngineClient
from cockpit.domain.bands import BandProposal
from cockpit.domain.events import LiquidationCluster, LiquidationMap
from cockpit.replay.replay import run_replay

OFTEN = (*ROOMY, "band_proposals.every_s=1")


def map_of(engine: Running, below_bps: float) -> LiquidationMap:
    """Longs waiting that far below BTC's price."""
    price = engine.host.engine.market.assets["BTC"].price
    assert price is not None
    low = round(price * (1 - below_bps / 1e4), 1)
    cluster = LiquidationCluster(low, low + 100.0, 6e6, "estimated", 0, True)
    return LiquidationMap(engine.host.engine.now_ns, "BTC", "binance", (cluster,), 35.0)


async def proposed(engine: Running, below_bps: float) -> BandProposal:
    """What the engine proposes once it has seen that map."""
    seen = map_of(engine, below_bps)
    engine.host.inbox.offer("external", seen)
    proposals = engine.host.engine.bands.proposals

    def is_there() -> bool:
        found = proposals.get("BTC")
        return found is not None and abs(found.new_lower[0][0] - seen.clusters[0].price_low) < 0.2

    await eventually(is_there)
    return proposals["BTC"]


async def test_what_was_seen_is_accepted_kept_over_a_restart_and_replayed(home: Path) -> None:
    async with (
        running(home, *OFTEN) as engine,
        engine.http() as client,
        EngineClient(local(engine.places.socket)) as engine_client,
    ):
        shown = await proposed(engine, 100)
        snapshot = (await client.get("/api/snapshot")).json()
        btc = next(asset for asset in snapshot["assets"] if asset["asset"] == "BTC")
        assert btc["proposed_bands"]["proposal_id"] == shown.proposal_id
        first = await client.post(
            "/api/bands/accept", json={"asset": "BTC", "proposal_id": shown.proposal_id, "by": "ada"}
        )
        again = await client.post("/api/bands/accept", json={"asset": "BTC", "proposal_id": shown.proposal_id})
        second = await proposed(engine, 200)
        said = await engine_client.accept_bands("BTC", second.proposal_id)

    assert (first.status_code, first.json()["command"]) == (200, "accept_bands")
    assert f"({shown.proposal_id}, until the UTC day ends); before: lower 106,600-106,800" in first.json()["sentence"]
    assert again.status_code == 400
    assert "BTC bands stay: expected a proposal to accept" in again.json()["detail"]["reason"]
    assert f"({second.proposal_id}, until the UTC day ends)" in said

    (recording,) = engine.places.recordings.glob("*.rec")
    verified = run_replay(recording, None, verify=True)
    assert verified.verified, verified.difference

    async with running(home, *OFTEN) as restarted:
        btc_bands = restarted.host.engine.market.bands("BTC")
        assert btc_bands is not None
        assert [tuple(band) for band in btc_bands.lower] == list(second.new_lower)


async def test_an_unknown_asset_is_refused_in_the_engines_words(home: Path) -> None:
    async with running(home) as engine, engine.http() as client:
        answer = await client.post("/api/bands/accept", json={"asset": "DOGE", "proposal_id": "DOGE-1-1"})
        junk = await client.post("/api/bands/accept", json={"asset": "BTC"})

    assert answer.status_code == 400
    assert answer.json()["detail"]["reason"] == "DOGE bands stay: expected one of BTC, SOL, XRP, ETH, was DOGE"
    assert junk.status_code == 422
