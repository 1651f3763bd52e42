"""What is Coinbase's own in a session in test mode there: its checks and drill, its stop-limit and what a gap does."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from cockpit.exchanges.coinbase.keys import parts_of
from tests.loopback import coinbase_bodies as bodies
from tests.loopback.coinbase_tokens import KEY_NAME, PEM
from tests.patience import patient_s
from tests.runtime.venue_session import SETTINGS, SOUND, VenueStage, is_read, over, play, venue_stage

pytestmark = pytest.mark.timeout(600)


CHECKED = (
    "ok    keys.coinbase: set; never shown",
    "ok    permissions.coinbase: may trade and may not withdraw",
    "ok    position mode.coinbase: one-way",
    "warn  margin.coinbase: coinbase has one margin for everything: all that is in the account stands",
    "warn  funding.coinbase: the venue books no payment by itself: results are without funding",
    "ok    fees.coinbase: 5 bps taker",
    "ok    sessions.coinbase: open until",
    "coinbase: under its smallest order of 0.001 (108.40 USD)",
)


async def _trades(stage: VenueStage) -> list[dict[str, Any]]:
    transport = httpx.AsyncHTTPTransport(uds=str(stage.home / "engine.sock"), verify=False)
    async with httpx.AsyncClient(base_url="http://cockpit", transport=transport, timeout=patient_s(60.0)) as client:
        listed: list[dict[str, Any]] = (await client.get("/api/trades")).json()["trades"]
        return listed


async def _shows_how_its_stop_leaves(stage: VenueStage) -> None:
    """In the snapshot that the screen draws, in the API's list of trades, and by `cockpit status`."""
    told = "stop-limit: its limit lies 100 bps beyond its trigger; where the market gaps through that"
    async with stage.client as client:
        (view,) = (await client.snapshot()).open_trades
        assert view.stop_terms.startswith(told)
    (listed,) = await _trades(stage)
    assert listed["stop_terms"] == view.stop_terms
    _, said = await stage.run("status")
    assert told in " ".join(said.split()), said


async def as_on_coinbase(stage: VenueStage, moment: str, said: str) -> None:
    if moment == "validate":
        for line in CHECKED:
            assert line in said, said
        code, said = await stage.run("drill", "--yes")
        assert code == 0 and "coinbase: would take our orders; that one can get out was not tried" in said, said
        assert stage.venue.called("preview") and not stage.venue.called("entry")
    if moment == "open":
        (given,) = [one for one in stage.venue.given if one.algo is not None and one.algo.works]
        listed = bodies.order(stage.venue, given)
        assert (listed["status"], listed["trigger_status"], listed["side"]) == ("OPEN", "STOP_PENDING", "SELL")
        terms = listed["order_configuration"]["stop_limit_stop_limit_gtc"]
        assert terms["reduce_only"] is True and terms["stop_direction"] == "STOP_DIRECTION_STOP_DOWN"
        assert float(terms["limit_price"]) == pytest.approx(0.99 * float(terms["stop_price"]), abs=0.01)
        assert float(terms["base_size"]) * 0.01 == pytest.approx(stage.venue.held("SOL")) and stage.venue.held("SOL")
        assert listed["client_order_id"].startswith("ck")
        await _shows_how_its_stop_leaves(stage)
    if moment == "target":
        await stage.venue.until(
            lambda: (
                sum(float(one.asked.qty or 0) * 0.01 for one in stage.venue.algo_orders)
                == pytest.approx(stage.venue.held("SOL"))
            )
        )


async def test_a_session_from_the_checks_to_the_report(tmp_path: Path) -> None:
    async with venue_stage(tmp_path / "home", "coinbase") as stage:
        await play(stage, as_on_coinbase)
        for secret in (KEY_NAME, *parts_of(PEM)):
            assert secret not in stage.printed


async def test_a_key_that_can_transfer_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    async with venue_stage(tmp_path / "home", "coinbase") as stage:
        stage.venue.permissions["can_transfer"] = True
        code, said = await stage.run("validate", "--mode", "test", *SETTINGS)
        assert code != 0 and "can_transfer" in said, said
        with pytest.raises(AssertionError, match="the engine ended"):
            await stage.engine(overrides=SOUND)
        assert "can_transfer" in stage.printed and stage.venue.called("entry") == []


async def test_a_stop_whose_limit_was_gapped_through_ends_in_a_close_at_market(tmp_path: Path) -> None:
    async with venue_stage(tmp_path / "home", "coinbase") as stage:
        await stage.engine(overrides=SOUND)
        await stage.until(is_read)
        await stage.arm()
        await stage.opened()
        held = stage.venue.held("SOL")
        (given,) = [one for one in stage.venue.given if one.algo is not None and one.algo.works]
        limit = float(given.terms["limit_price"])

        gapped = round(limit * 0.99, 2)
        stage.prices["SOL"] = gapped
        await stage.until(over)
        await stage.venue.until(lambda: not stage.venue.positions and not stage.venue.open_orders)
        assert not stage.venue.algo_orders

        closes = [call.params for call in stage.venue.called("close")]
        ((kind, terms),) = closes[-1]["order_configuration"].items()
        assert (kind, closes[-1]["side"], terms["reduce_only"]) == ("market_market_ioc", "SELL", True)
        assert float(terms["base_size"]) * 0.01 == pytest.approx(held)
        listed = bodies.order(stage.venue, given)
        assert listed["status"] == "CANCELLED" and float(listed["filled_size"]) == 0.0
        (trade,) = [one for one in await _trades(stage) if one["entry_qty"]]
        assert trade["phase"] == "closed" and trade["exit_qty"] == pytest.approx(held), trade
        assert trade["exit_price"] == pytest.approx(gapped) and trade["stop_terms"] is None
        assert trade["gross_usd"] == pytest.approx((gapped - trade["entry_price"]) * held)
        assert await stage.terminate() == 0
        code, said = await stage.run("report")
        assert code == 0 and "1 closed, 0 open, 0 abandoned" in said, said
