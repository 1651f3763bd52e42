"""A stop that leaves at a limit and was gapped through: found, taken off, and told as one that protected nothing."""

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import OrderRejected
from cockpit.domain.kinds import OrderRole, Side, VenueTopic
from tests.execution.account_stage import with_venue
from tests.execution.real_stage import RealStage, real_stage


@pytest.fixture(scope="session")
def shipped_config(shipped_config: CockpitConfig) -> CockpitConfig:
    return with_venue(shipped_config, "coinbase")


async def guarded(stage: RealStage) -> None:
    stage.place("t000001e1", Side.LONG, 0.01)
    await stage.until(lambda: stage.filled("t000001e1") >= 0.01 - 1e-9)
    stage.place("t000001s2", Side.SHORT, 0.01, OrderRole.STOP, trigger=99_000.0)
    await stage.until(lambda: "OrderAccepted" in stage.of("t000001s2"))


@pytest.mark.parametrize("stream", [True, False])
async def test_a_gap_through_a_stops_limit_is_told_so_that_the_engine_closes(
    shipped_config: CockpitConfig, stream: bool
) -> None:
    """With the private stream or without it: then the rounds find it."""
    async with real_stage(shipped_config, "coinbase", stream=stream) as stage:
        await guarded(stage)
        stage.venue.set_price("BTC", 97_000, 97_000.1)
        await stage.until(lambda: "OrderRejected" in stage.of("t000001s2"))
        (refused,) = [event for event in stage.events if isinstance(event, OrderRejected)]
        assert refused.reason == "triggered at 99000 and not filled within its limit"
        assert stage.venue.open_orders == [] and stage.venue.algo_orders == [] and stage.venue.held("BTC") == 0.01
        said = [notice.sentence for notice in stage.notices(VenueTopic.NOTE) if notice.is_grave]
        assert any("0.01 of 0.01 not filled after 0.5 s: its limit was gapped through" in one for one in said), said


async def test_a_stop_that_fills_within_its_moment_is_left_alone(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config, "coinbase") as stage:
        await guarded(stage)
        stage.venue.set_price("BTC", 98_900, 98_900.1)
        await stage.until(lambda: stage.filled("t000001s2") >= 0.01 - 1e-9)
        await stage.settled()
        assert stage.venue.called("cancel_stop") == [] and stage.venue.held("BTC") == 0.0
