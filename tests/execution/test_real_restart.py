"""A restart on real venues, and a venue that cannot be read: nothing is assumed, entries wait, exits never."""

import time
from typing import Any

import pytest
from msgspec.structs import replace
from real_stage import RealStage, hurried, real_stage
from restart_stage import BUY, ENTRY, STOP, guarded, remembered, restarted, trade

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FundingPaid
from cockpit.domain.kinds import OrderStatus, VenueTopic

ON_BOTH_PAIRS = True

VENUES = pytest.mark.parametrize("name", ["binance", "okx"])


@VENUES
async def test_orders_and_positions_of_an_earlier_engine_are_adopted_and_no_fill_comes_twice(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        await guarded(stage)
        later = await restarted(stage, shipped_config, remembered(stage))
        try:
            assert not later.live.has_answered
            await later.open()
            assert later.of(STOP) == ["OrderAccepted"] and later.of(ENTRY) == []
            await later.settled()
            assert not later.notices(VenueTopic.UNEXPLAINED)
            assert [word.is_over for word in later.notices(VenueTopic.UNREAD)] == [False, True]
        finally:
            await later.close()


@VENUES
async def test_a_stop_that_filled_while_nobody_looked_is_booked(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        await guarded(stage)
        later = await restarted(stage, shipped_config, remembered(stage))
        stage.venue.set_price("BTC", 98_990.0, 98_990.1, mark=98_990)
        try:
            await later.open()
            assert later.filled(STOP) == pytest.approx(0.01)
            assert not [word for word in later.notices(VenueTopic.UNEXPLAINED) if not word.is_over]
        finally:
            await later.close()


@VENUES
async def test_no_entry_before_the_fate_of_every_restored_order_is_known(
    shipped_config: CockpitConfig, name: str
) -> None:
    """A stop that was on its way when the engine died never arrived: that takes five seconds to know."""
    async with real_stage(shipped_config, name) as stage:
        stage.place(ENTRY, BUY, 0.01)
        await stage.until(lambda: stage.filled(ENTRY) >= 0.01 - 1e-9)
        later = await restarted(stage, shipped_config, remembered(stage, OrderStatus.SENT))
        try:
            await later.open()
            kinds = [type(event).__name__ for event in later.events]
            assert later.of(STOP) == ["OrderUnknown", "OrderRejected"], "bare at once, and gone after five seconds"
            over = next(n for n, event in enumerate(later.events) if event in later.notices(VenueTopic.UNREAD)[-1:])
            assert kinds.index("OrderRejected") < over
        finally:
            await later.close()


@VENUES
async def test_a_venue_that_is_gone_is_unread_until_it_is_back(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        await guarded(stage)
        await stage.venue.go_down()
        await stage.until(lambda: not stage.notices(VenueTopic.UNREAD)[-1].is_over)
        assert stage.notices(VenueTopic.UNREAD)[-1].is_grave
        await stage.venue.come_back()
        await stage.until(lambda: stage.notices(VenueTopic.UNREAD)[-1].is_over)


@VENUES
async def test_funding_is_told_once(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        await guarded(stage)
        paid_ns = time.time_ns()
        stage.venue.pay_funding("BTC", 0.0001)
        await stage.until(lambda: any(isinstance(event, FundingPaid) for event in stage.events))
        await stage.settled()
        (paid,) = [event for event in stage.events if isinstance(event, FundingPaid)]
        assert paid.amount_usd == pytest.approx(-0.1) and paid.rate_bps is None
        assert abs(paid.ts_ns - paid_ns) < 5_000_000_000, "the venue's time, not when we heard of it"


@VENUES
@pytest.mark.parametrize("skew_ms", [-120_000, 120_000])
async def test_funding_bears_the_sessions_time_however_far_the_venues_clock_is(
    shipped_config: CockpitConfig, name: str, skew_ms: int
) -> None:
    def skewed(venue: Any) -> None:
        venue.clock_skew_ms = skew_ms

    async with real_stage(shipped_config, name, prepare=skewed) as stage:
        await guarded(stage)
        paid_ns = time.time_ns()
        stage.venue.pay_funding("BTC", 0.0001)
        await stage.until(lambda: bool(_funding(stage)))
        assert abs(_funding(stage)[0].ts_ns - paid_ns) < 20_000_000_000


def _funding(stage: RealStage) -> list[FundingPaid]:
    return [event for event in stage.events if isinstance(event, FundingPaid)]


@VENUES
@pytest.mark.parametrize(
    "booked", [0.0, -0.1], ids=["the earlier engine heard none", "the earlier engine heard the first"]
)
async def test_funding_paid_while_no_engine_ran_is_told_after_the_restart(
    shipped_config: CockpitConfig, name: str, booked: float
) -> None:
    async with real_stage(shipped_config, name) as stage:
        await guarded(stage)
        stage.venue.pay_funding("BTC", 0.0001)
        stage.venue.pay_funding("BTC", 0.0002)
        later = RealStage(name, stage.venue, shipped_config, hurried())
        began = replace(trade(name), decided_ns=time.time_ns() - 60_000_000_000, funding_usd=booked)
        later.venues.restore(remembered(stage), [began])
        try:
            await later.open()
            missed = [-0.2] if booked else [-0.1, -0.2]
            await later.until(lambda: len(_funding(later)) == len(missed))
            stage.venue.pay_funding("BTC", 0.0001)
            await later.until(lambda: len(_funding(later)) == len(missed) + 1)
            await later.settled()
            assert [event.amount_usd for event in _funding(later)] == pytest.approx([*missed, -0.1])
            stamps = [income.ts_ms for income in stage.venue.core.income if income.kind == "FUNDING_FEE"]
            told_ms = [event.ts_ns / 1e6 for event in _funding(later)]
            assert told_ms == pytest.approx(stamps[-len(told_ms) :], abs=2_000), "each at the time it was paid"
        finally:
            await later.close()


async def test_the_dead_man_switch_is_armed_while_an_entry_rests_and_disarmed_when_none_does(
    shipped_config: CockpitConfig,
) -> None:
    async with real_stage(shipped_config, "okx") as stage:
        stage.place(ENTRY, BUY, 0.01, limit=99_000.0)
        await stage.until(lambda: "OrderAccepted" in stage.of(ENTRY))
        await stage.venue.until(lambda: len(stage.venue.called("dead_man")) >= 2)
        assert {call.params["timeOut"] for call in stage.venue.called("dead_man")} == {"30"}
        stage.cancel(ENTRY)
        await stage.venue.until(lambda: stage.venue.called("dead_man")[-1].params["timeOut"] == "0")
        armed = len(stage.venue.called("dead_man"))
        await stage.settled()
        assert len(stage.venue.called("dead_man")) == armed
