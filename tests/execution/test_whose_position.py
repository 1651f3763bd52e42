"""What the list of positions says is of an entry in doubt only where no other order of ours explains it."""

import pytest
from real_stage import RealStage, real_stage
from restart_stage import BUY, ENTRY, SELL

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderRole
from tests.loopback import trading_faults as faults

ON_BOTH_PAIRS = True

VENUES = pytest.mark.parametrize("name", ["binance", "okx"])
OTHER, CLOSE, TARGET = "t000002e1", "t000002c3", "t000002t3"
LOOKUPS = {"lookup", "lookup_stop"}
LISTS = 12


async def given_up(stage: RealStage) -> None:
    """An entry that never arrived, which the venue did not know for so long that it counts as such."""
    stage.venue.faults.add(faults.dropped_before(), roles={"entry"})
    stage.place(ENTRY, BUY, 0.01)
    await stage.until(lambda: "OrderRejected" in stage.of(ENTRY))


async def filled(stage: RealStage, order_id: str, qty: float = 0.01) -> None:
    await stage.until(lambda: stage.filled(order_id) >= qty - 1e-9)


def muted(stage: RealStage) -> None:
    """From now on the list of positions is quicker than all that tells of orders."""
    stage.venue.user_stream.drop_next = 100
    stage.venue.faults.add(faults.hanging(0.2), roles={*LOOKUPS, "open_orders", "history"}, times=None)


async def listed_again(stage: RealStage) -> None:
    """Every list that was on its way was answered, and several that were asked for later."""
    lists = len(stage.venue.called("positions"))
    await stage.venue.until(lambda: len(stage.venue.called("positions")) >= lists + LISTS)


@VENUES
async def test_what_another_trade_closed_while_the_list_was_on_its_way_is_not_of_an_entry_given_up(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        await given_up(stage)
        stage.place(OTHER, BUY, 0.01)
        await filled(stage, OTHER)
        asked = len(stage.venue.called("positions"))
        hanging = stage.venue.faults.add(faults.hanging(0.3), roles={"positions"}, times=None)
        await stage.venue.until(lambda: len(stage.venue.called("positions")) >= asked + 2)
        stage.place(CLOSE, SELL, 0.01, OrderRole.CLOSE)
        await filled(stage, CLOSE)
        stage.venue.faults.remove(hanging)
        await listed_again(stage)
        assert stage.of(ENTRY) == ["OrderUnknown", "OrderRejected"]


@VENUES
async def test_what_an_entry_that_rested_filled_unseen_is_not_of_one_given_up(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        await given_up(stage)
        stage.place(OTHER, BUY, 0.01, limit=99_000.0)
        await stage.until(lambda: "OrderAccepted" in stage.of(OTHER))
        muted(stage)
        stage.venue.set_price("BTC", 98_900.0, 98_900.1, 98_900.0)
        await filled(stage, OTHER)
        await listed_again(stage)
        assert stage.of(ENTRY) == ["OrderUnknown", "OrderRejected"]


@VENUES
async def test_what_an_exit_took_unseen_is_not_of_an_entry_given_up(shipped_config: CockpitConfig, name: str) -> None:
    """A short of ours shrinks, as it would if a long had filled."""
    async with real_stage(shipped_config, name) as stage:
        await given_up(stage)
        stage.place(OTHER, SELL, 0.02)
        await filled(stage, OTHER, 0.02)
        stage.place(TARGET, BUY, 0.01, OrderRole.TARGET, limit=99_000.0)
        await stage.until(lambda: "OrderAccepted" in stage.of(TARGET))
        muted(stage)
        stage.venue.set_price("BTC", 98_900.0, 98_900.1, 98_900.0)
        await filled(stage, TARGET)
        await listed_again(stage)
        assert stage.of(ENTRY) == ["OrderUnknown", "OrderRejected"]


@VENUES
async def test_an_execution_told_under_another_entrys_id_is_not_of_one_in_doubt(
    shipped_config: CockpitConfig, name: str
) -> None:
    """The venue lists it and cannot say whose it is."""
    async with real_stage(shipped_config, name) as stage:
        stage.venue.faults.add(faults.dropped_before(), roles={"entry"})
        stage.place(ENTRY, BUY, 0.01)
        await stage.until(lambda: "OrderUnknown" in stage.of(ENTRY))
        stage.venue.faults.add(faults.empty(), roles=LOOKUPS, times=None)
        stage.place(OTHER, BUY, 0.01)
        await filled(stage, OTHER)
        await stage.until(lambda: "OrderRejected" in stage.of(ENTRY))
        stage.venue.faults.clear()
        await listed_again(stage)
        assert stage.of(ENTRY) == ["OrderUnknown", "OrderRejected"]


@VENUES
@pytest.mark.parametrize("rests", [False, True], ids=["alone", "beside an entry that rests"])
async def test_an_entry_given_up_whose_position_appears_is_ours(
    shipped_config: CockpitConfig, name: str, rests: bool
) -> None:
    """Its order and its executions cannot be looked up: the position alone tells of it."""
    async with real_stage(shipped_config, name) as stage:
        if rests:
            stage.place(OTHER, BUY, 0.01, limit=90_000.0)
            await stage.until(lambda: "OrderAccepted" in stage.of(OTHER))
        stage.venue.faults.add(faults.late(), roles={"entry"})
        stage.place(ENTRY, BUY, 0.01)
        await stage.until(lambda: "OrderRejected" in stage.of(ENTRY))
        stage.venue.user_stream.drop_next = 100
        if not rests:
            stage.venue.faults.add(faults.empty(), roles={*LOOKUPS, "history"}, times=None)
        stage.venue.carry_out_late()
        await stage.until(lambda: {"FillInferred", "OrderFilled"} & set(stage.of(ENTRY)))
        assert stage.filled(OTHER) == 0.0 and "FillInferred" not in stage.of(OTHER)
        stage.venue.faults.clear()
        await filled(stage, ENTRY)
