"""Orders on real venues: what the engine hears, whatever the line and the venue do. Real client, loopback venue."""

from collections.abc import Callable
from typing import Any

import pytest
from real_stage import PREFIX, RealStage, real_stage, real_stage_on

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import OrderFilled, OrderRejected, VenuePosition
from cockpit.domain.kinds import OrderRole, Side, VenueTopic
from tests.loopback import trading_faults as faults

ON_BOTH_PAIRS = True

BUY, SELL = Side.LONG, Side.SHORT
ENTRY = "t000001e1"
VENUES = pytest.mark.parametrize("name", ["binance", "okx"])


def executed(stage: RealStage) -> float:
    """What the venue itself counts, in base coins."""
    return abs(float(stage.venue.held("BTC")))


async def opened(stage: RealStage, qty: float = 0.01) -> None:
    stage.place(ENTRY, BUY, qty)
    await stage.until(lambda: stage.filled(ENTRY) >= qty - 1e-9)


def fills_in(stage: RealStage) -> list[OrderFilled]:
    return [event for event in stage.events if isinstance(event, OrderFilled)]


@VENUES
@pytest.mark.parametrize(
    "fault",
    [faults.dropped_after, faults.truncated, faults.unknown, faults.timed_out, lambda: faults.hanging(0.3)],
    ids=["dropped after", "truncated", "unknown", "timed out", "late answer"],
)
async def test_an_entry_whose_answer_is_lost_is_sent_once_and_booked_once(
    shipped_config: CockpitConfig, name: str, fault: Callable[[], Any]
) -> None:
    async with real_stage(shipped_config, name, stream=False) as stage:
        stage.venue.faults.add(fault(), roles={"entry"})
        await opened(stage)
        assert len(stage.venue.called("entry")) == 1
        assert executed(stage) == pytest.approx(stage.filled(ENTRY))
        assert [name for name in stage.of(ENTRY) if name != "FillInferred"][-2:] == ["OrderAccepted", "OrderFilled"]


@VENUES
@pytest.mark.parametrize(
    "fault",
    [faults.dropped_before, lambda: faults.unknown(False), lambda: faults.timed_out(False), faults.walled],
    ids=["dropped before", "unknown", "timed out", "walled"],
)
async def test_an_entry_that_never_arrived_is_unknown_until_the_venue_was_asked_long_enough(
    shipped_config: CockpitConfig, name: str, fault: Callable[[], Any]
) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.venue.faults.add(fault(), roles={"entry"})
        stage.place(ENTRY, BUY, 0.01)
        await stage.until(lambda: "OrderRejected" in stage.of(ENTRY))
        assert stage.of(ENTRY) == ["OrderUnknown", "OrderRejected"]
        unknown, rejected = (event for event in stage.events if getattr(event, "order_id", "") == ENTRY)
        assert rejected.ts_ns - unknown.ts_ns >= 5_000_000_000
        assert len(stage.venue.called("entry")) == 1 and executed(stage) == 0


@VENUES
async def test_an_entry_that_shows_up_late_is_booked(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name, factor=5.0) as stage:
        stage.venue.faults.add(faults.late(), roles={"entry"})
        stage.place(ENTRY, BUY, 0.01)
        await stage.venue.until(lambda: len(stage.venue.called("lookup")) >= 2)
        assert stage.of(ENTRY) == ["OrderUnknown"]
        stage.venue.carry_out_late()
        await stage.until(lambda: stage.filled(ENTRY) > 0)
        assert stage.of(ENTRY) == ["OrderUnknown", "OrderAccepted", "OrderFilled"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [("binance", faults.overloaded), ("binance", faults.too_many), ("okx", faults.too_many)],
    ids=["binance overloaded", "binance too many", "okx too many"],
)
async def test_what_was_turned_away_unread_is_sent_again_under_the_same_id(
    shipped_config: CockpitConfig, name: str, fault: Callable[[], Any]
) -> None:
    async with real_stage(shipped_config, name, factor=1.0) as stage:
        stage.venue.faults.add(fault(), roles={"entry"})
        await opened(stage)
        ids = {str(call.params) for call in stage.venue.called("entry") if f"ck{PREFIX}{ENTRY}" in str(call.params)}
        assert len(ids) >= 1 and executed(stage) == pytest.approx(0.01)
        assert not stage.venue.watch.doubled


async def test_an_entry_that_keeps_being_turned_away_is_given_up_and_a_stop_is_not(
    shipped_config: CockpitConfig,
) -> None:
    async with real_stage(shipped_config) as stage:
        await opened(stage)
        rule = stage.venue.faults.add(faults.overloaded(), roles={"entry", "stop"}, times=None)
        stage.place("t000002e1", BUY, 0.01)
        stage.place("t000001s2", SELL, 0.01, OrderRole.STOP, trigger=99_000.0)
        await stage.until(lambda: "OrderRejected" in stage.of("t000002e1"))
        assert stage.of("t000001s2") == []
        stage.venue.faults.clear()
        assert rule is not None
        await stage.until(lambda: "OrderAccepted" in stage.of("t000001s2"))


@pytest.mark.parametrize(("name", "code"), [("binance", "-2019"), ("okx", "51008")])
async def test_a_refusal_is_final_and_carries_the_venues_code(
    shipped_config: CockpitConfig, name: str, code: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.venue.faults.add(faults.rejected(code), roles={"entry"})
        stage.place(ENTRY, BUY, 0.01)
        await stage.until(lambda: bool(stage.of(ENTRY)))
        (rejected,) = [event for event in stage.events if isinstance(event, OrderRejected)]
        assert code in rejected.reason
        assert len(stage.venue.called("entry")) == 1


@pytest.mark.parametrize(("name", "code"), [("binance", "-4116"), ("okx", "51016")])
async def test_an_id_the_venue_says_it_has_is_looked_up_and_never_replaced(
    shipped_config: CockpitConfig, name: str, code: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.venue.faults.add(faults.rejected(code), roles={"entry"})
        stage.place(ENTRY, BUY, 0.01)
        await stage.until(lambda: "OrderRejected" in stage.of(ENTRY))
        assert stage.of(ENTRY) == ["OrderUnknown", "OrderRejected"]
        assert len(stage.venue.called("entry")) == 1 and len(stage.venue.called("lookup")) >= 5


@VENUES
async def test_lost_keys_refuse_the_order_and_are_everybodys_business(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.venue.key_revoked = True
        stage.place(ENTRY, BUY, 0.01)
        await stage.until(lambda: "OrderRejected" in stage.of(ENTRY) and bool(stage.notices(VenueTopic.KEYS)))
        assert stage.notices(VenueTopic.KEYS)[0].is_grave
        stage.venue.key_revoked = False
        await stage.until(lambda: stage.notices(VenueTopic.KEYS)[-1].is_over)


@VENUES
@pytest.mark.parametrize("disorder", ["drop_next", "repeat_next", "hold_next", "stalled", "killed"])
async def test_a_private_stream_may_lose_repeat_and_shuffle_its_words(
    shipped_config: CockpitConfig, name: str, disorder: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        match disorder:
            case "stalled":
                stage.venue.user_stream.stalled = True
            case "killed":
                stage.venue.user_stream.kill()
            case _:
                setattr(stage.venue.user_stream, disorder, 3)
        stage.venue.core.fill_next(0.5, 0.5)
        await opened(stage)
        await stage.settled()
        assert stage.filled(ENTRY) == pytest.approx(0.01) == executed(stage)
        assert not [event for event in stage.events if isinstance(event, OrderRejected)]
        assert not stage.notices(VenueTopic.UNEXPLAINED)


@VENUES
async def test_a_partial_fill_is_told_as_it_is_and_the_rest_when_it_comes(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.venue.core.fill_next(0.4)
        stage.place(ENTRY, BUY, 0.01, limit=100_000.0)
        await stage.until(lambda: stage.filled(ENTRY) > 0)
        assert stage.filled(ENTRY) == pytest.approx(0.004)
        stage.venue.core.fill(stage.venue.open_orders[0])
        await stage.until(lambda: stage.filled(ENTRY) >= 0.01 - 1e-9)


@VENUES
async def test_a_triggered_stop_is_told_under_its_own_id_even_with_a_deaf_stream(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        await opened(stage)
        stage.place("t000001s2", SELL, 0.01, OrderRole.STOP, trigger=99_000.0)
        await stage.until(lambda: "OrderAccepted" in stage.of("t000001s2"))
        await stage.settled()
        stage.venue.user_stream.stalled = True
        stage.venue.set_price("BTC", 98_990.0, 98_990.1, mark=98_990)
        await stage.until(lambda: stage.filled("t000001s2") >= 0.01 - 1e-9)
        assert executed(stage) == 0


@VENUES
async def test_a_close_waits_for_the_targets_that_hold_its_quantity(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        await opened(stage)
        stage.place("t000001t3", SELL, 0.01, OrderRole.TARGET, limit=101_000.0)
        await stage.until(lambda: "OrderAccepted" in stage.of("t000001t3"))
        stage.cancel("t000001t3")
        stage.place("t000001c4", SELL, 0.01, OrderRole.CLOSE)
        await stage.until(lambda: stage.filled("t000001c4") > 0)
        assert len(stage.venue.called("close")) == 1
        assert executed(stage) == 0


@VENUES
async def test_a_close_does_not_wait_for_ever_for_a_cancel(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        await opened(stage)
        stage.place("t000001t3", SELL, 0.005, OrderRole.TARGET, limit=101_000.0)
        await stage.until(lambda: "OrderAccepted" in stage.of("t000001t3"))
        stage.venue.faults.add(faults.hanging(3.0, executes=False), roles={"cancel"})
        stage.cancel("t000001t3")
        stage.place("t000001c4", SELL, 0.005, OrderRole.CLOSE)
        await stage.until(lambda: stage.filled("t000001c4") > 0)


@VENUES
async def test_a_cancel_whose_answer_is_lost_ends_with_the_venues_word(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.place(ENTRY, BUY, 0.01, limit=99_000.0)
        await stage.until(lambda: "OrderAccepted" in stage.of(ENTRY))
        stage.venue.faults.add(faults.dropped_after(), roles={"cancel"}, times=2)
        stage.cancel(ENTRY)
        await stage.until(lambda: "OrderCancelled" in stage.of(ENTRY))
        assert stage.of(ENTRY) == ["OrderAccepted", "OrderCancelled"]
        assert stage.venue.open_orders == []


async def test_an_order_taken_back_before_it_left_is_never_sent(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config, factor=2.0) as stage:
        stage.venue.faults.add(faults.overloaded(), roles={"entry"}, times=None)
        stage.place(ENTRY, BUY, 0.01, limit=99_000.0)
        await stage.venue.until(lambda: bool(stage.venue.called("entry")))
        stage.cancel(ENTRY)
        stage.venue.faults.clear()
        await stage.until(lambda: bool(stage.of(ENTRY)))
        assert stage.of(ENTRY)[-1] == "OrderCancelled"
        assert stage.venue.open_orders == []


async def test_entries_keep_off_the_requests_that_are_kept_for_exits(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config) as stage:
        await opened(stage)
        for _ in range(20):
            await stage.account.open_orders()
        share = stage.account.used_weight_share()
        assert share is not None and share > shipped_config.execution.entry_weight_share
        stage.place("t000002e1", BUY, 0.01)
        assert stage.of("t000002e1") == ["OrderRejected"]
        assert "kept for exits" in stage.events[-1].reason  # type: ignore[union-attr]
        stage.place("t000001c2", SELL, 0.01, OrderRole.CLOSE)
        await stage.until(lambda: stage.filled("t000001c2") > 0)


@VENUES
async def test_a_position_closed_by_hand_is_seen_and_told(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        await opened(stage)
        stage.venue.trade_by_hand("BTC", "sell", 0.01)
        await stage.until(lambda: any(fill.order_id.startswith("outside-") for fill in fills_in(stage)))
        await stage.settled()
        last = [event for event in stage.events if isinstance(event, VenuePosition) and event.asset == "BTC"][-1]
        assert last.qty == 0
        assert all(word.is_over for word in stage.notices(VenueTopic.UNEXPLAINED)[-1:])
        assert not any("gone from" in word.sentence for word in stage.notices(VenueTopic.NOTE))


@VENUES
async def test_a_strangers_position_and_order_stand_until_they_are_gone(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.venue.trade_by_hand("BTC", "buy", 0.002)
        await stage.until(lambda: bool(stage.notices(VenueTopic.UNEXPLAINED)))
        word = stage.notices(VenueTopic.UNEXPLAINED)[-1]
        assert (word.asset, word.is_over, word.is_grave) == ("BTC", False, True)
        assert "holds +0.002 BTC, our own orders add up to +0" in word.sentence
        stage.venue.trade_by_hand("BTC", "sell", 0.002)
        await stage.until(lambda: stage.notices(VenueTopic.UNEXPLAINED)[-1].is_over)


@VENUES
async def test_a_position_that_one_read_misses_is_not_believed_gone(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        await opened(stage)
        await stage.settled()
        first = len(stage.events)
        stage.venue.faults.add(faults.empty(), roles={"positions"})
        stage.query_position()
        await stage.settled()
        told = [
            event.qty for event in stage.events[first:] if isinstance(event, VenuePosition) and event.asset == "BTC"
        ]
        assert told and all(qty == pytest.approx(0.01) for qty in told)


async def test_an_order_of_ours_that_no_journal_knows_is_taken_back(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config) as stage:
        stage.place("t000009e1", BUY, 0.01, limit=99_000.0)
        await stage.until(lambda: "OrderAccepted" in stage.of("t000009e1"))
        async with real_stage_on(stage, shipped_config) as later:
            await stage.venue.until(lambda: stage.venue.open_orders == [])
            assert any("no journal of ours" in word.sentence for word in later.notices(VenueTopic.NOTE))


async def test_another_cockpit_on_the_account_is_a_second_writer(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config) as stage, real_stage_on(stage, shipped_config, prefix="zzz999") as other:
        other.place("t000001e1", BUY, 0.01, limit=99_000.0)
        await stage.until(lambda: bool(stage.notices(VenueTopic.SECOND_WRITER)))
        assert "ckzzz999t000001e1" in stage.notices(VenueTopic.SECOND_WRITER)[0].sentence


@VENUES
async def test_a_liquidation_is_told_with_its_price_and_fee(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        await opened(stage)
        stage.venue.liquidate("BTC")
        await stage.until(lambda: len(fills_in(stage)) == 2)
        forced, executed = fills_in(stage)[-1], stage.venue.executions[-1]
        assert forced.order_id == f"outside-{name}-BTC-{executed.order_id}"
        assert (forced.forced, forced.qty) == ("liquidation", pytest.approx(0.01))
        assert (forced.price, forced.fee_usd) == (float(executed.price), pytest.approx(float(executed.fee_usd)))
