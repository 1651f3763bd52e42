"""What is Bybit's own in a session in test mode there: its checks, its stop's terms, and no key that can withdraw."""

from pathlib import Path

import pytest

from tests.loopback.trading_venue import KEY, SECRET
from tests.runtime.venue_session import SETTINGS, VenueStage, play, venue_stage

pytestmark = pytest.mark.timeout(600)
CHECKED = (
    "ok    keys.bybit: set; never shown",
    "ok    permissions.bybit: may trade and may not withdraw",
    "ok    position mode.bybit: one-way",
    "ok    margin.bybit: isolated, BTC 5x",
    "ok    fees.bybit: 5 bps taker",
    "bybit: under its smallest order of 0.001 (108.40 USD)",
)


async def as_on_bybit(stage: VenueStage, moment: str, said: str) -> None:
    if moment == "validate":
        for line in CHECKED:
            assert line in said, said
    if moment == "open":
        (listed,) = [row for row in stage.venue._open("SOLUSDT") if row["stopOrderType"] == "Stop"]
        assert (listed["orderStatus"], listed["triggerBy"], listed["side"]) == ("Untriggered", "MarkPrice", "Sell")
        assert listed["reduceOnly"] is True and listed["closeOnTrigger"] is True
        assert float(listed["qty"]) == stage.venue.held("SOL") > 0
        assert listed["orderLinkId"].startswith("ck")
    if moment == "target":
        await stage.venue.until(
            lambda: sum(float(one.asked.qty or 0) for one in stage.venue.algo_orders) == stage.venue.held("SOL")
        )


async def test_a_session_from_the_checks_to_the_report(tmp_path: Path) -> None:
    async with venue_stage(tmp_path / "home", "bybit") as stage:
        await play(stage, as_on_bybit)
        for secret in (KEY, SECRET):
            assert secret not in stage.printed


async def test_a_key_that_can_withdraw_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    async with venue_stage(tmp_path / "home", "bybit") as stage:
        stage.venue.rights["permissions"]["Wallet"] = ["AccountTransfer", "Withdraw"]
        code, said = await stage.run("validate", "--mode", "test", *SETTINGS)
        assert code != 0 and "Withdraw" in said, said
        road = ("engine", "--feed", "live", "--mode", "test", "--port", "0", "--override-way-up", "a test of the road")
        code, said = await stage.run(*road, *SETTINGS)
        assert code != 0 and "Withdraw" in said and stage.venue.called("entry") == []
