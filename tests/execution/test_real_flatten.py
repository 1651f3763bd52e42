"""Flattening real venues, inside an engine and without one, whatever is in the way. Real client, loopback venues."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from loopback_stage import FrameContent, Stage
from real_stage import RealStage, account_on, hurried, real_stage

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import OrderFilled, VenueFlat
from cockpit.domain.kinds import OrderRole, Side, VenueTopic
from cockpit.flatten.direct import flatten_directly
from cockpit.flatten.steps import FlattenStep, StepName
from cockpit.flatten.venue_flatten import FlattenPace
from tests.execution.account_stage import with_krakenfutures, with_venue
from tests.loopback import trading_faults as faults
from tests.loopback.trading_clients import connected
from tests.venue_pairs import venue_kind

ON_BOTH_PAIRS = True

BUY, SELL = Side.LONG, Side.SHORT
VENUES = pytest.mark.parametrize("name", ["binance", "okx", "krakenfutures", "hyperliquid", "bybit", "coinbase"])
IMPATIENT = FlattenPace(call_within_s=0.5)
"""For venues that hang: a call is given up sooner."""


@pytest.fixture(scope="session")
def shipped_config(shipped_config: CockpitConfig) -> CockpitConfig:
    config = with_krakenfutures(shipped_config)
    for name in ("hyperliquid", "bybit", "coinbase"):
        config = with_venue(config, name)
    return config


def is_empty(venue: Any) -> bool:
    return not venue.positions and not venue.open_orders and not venue.algo_orders


async def trading(stage: RealStage) -> None:
    """A trade of ours with everything it has: position, stop, a target for the whole of it, and another entry."""
    stage.place("t000001e1", BUY, 0.01)
    await stage.until(lambda: stage.filled("t000001e1") >= 0.01 - 1e-9)
    stage.place("t000001s2", SELL, 0.01, OrderRole.STOP, trigger=99_000.0)
    await stage.until(lambda: "OrderAccepted" in stage.of("t000001s2"))
    stage.place("t000001t3", SELL, 0.01, OrderRole.TARGET, limit=101_000.0)
    stage.place("t000002e1", BUY, 0.01, limit=98_000.0)
    await stage.until(lambda: "OrderAccepted" in stage.of("t000001t3") and "OrderAccepted" in stage.of("t000002e1"))


async def flat(stage: RealStage) -> None:
    await stage.until(lambda: stage.flat_reads == 2)
    assert is_empty(stage.venue), stage.steps


@VENUES
async def test_everything_goes_and_the_stop_last(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        await trading(stage)
        stage.flatten()
        await flat(stage)
        closes = [event for event in stage.events if isinstance(event, OrderFilled) and "flatten" in event.order_id]
        assert sum(fill.qty for fill in closes) == pytest.approx(0.01)
        assert all(fill.order_id.startswith(f"flatten-{name}-BTC-") for fill in closes)
        for order_id in ("t000001s2", "t000001t3", "t000002e1"):
            assert stage.of(order_id)[-1] == "OrderCancelled"
        order = [call.role for call in stage.venue.calls if call.role in ("cancel", "close", "cancel_stop")]
        assert order.index("cancel") < order.index("close") < order.index("cancel_stop")
        named = [step.split(": ")[0].removeprefix(f"{name} ") for step in stage.steps]
        assert named[0] == "FREEZE" and named[-1] == "FLAT"


@VENUES
async def test_what_is_nobodys_we_know_is_closed_too(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        for asset, qty in (("ETH", 0.5), ("SOL", 3.0)):
            stage.venue.set_price(asset, 100.0, 100.01, mark=100.0)
            stage.venue.trade_by_hand(asset, "sell", qty)
        stage.flatten()
        await flat(stage)


@pytest.mark.parametrize("name", ["binance", "okx", "bybit"])
@pytest.mark.parametrize("by_hand", ["buy", "sell"])
@pytest.mark.parametrize("road", ["engine", "direct"])
async def test_an_account_that_keeps_two_sides_is_flattened_too(
    shipped_config: CockpitConfig, name: str, by_hand: str, road: str
) -> None:
    """Nothing is opened on such an account, but whoever asks to get out gets out."""
    async with real_stage(shipped_config, name) as stage:
        stage.venue.core.hedge_mode = True
        stage.venue.trade_by_hand("BTC", by_hand, 0.01)
        if road == "engine":
            stage.flatten()
            await flat(stage)
        else:
            account = account_on(stage.venue, name, shipped_config)
            assert await flatten_directly({name: account}, lambda step: None, "abc123", hurried())
            assert is_empty(stage.venue)
        (close,) = stage.venue.called("entry", "close")
        index = close.params.get("positionIdx", 0)
        side = close.params.get("positionSide") or close.params.get("posSide") or ("", "long", "short")[index]
        assert side.lower() == ("long" if by_hand == "buy" else "short")
        assert not stage.venue.watch.flips


FAULTS: dict[str, tuple[Callable[[], Any], set[str], int]] = {
    "the close is executed and its answer lost": (faults.dropped_after, {"close"}, 1),
    "the close never arrives": (faults.dropped_before, {"close"}, 2),
    "the close is answered with half a body": (faults.truncated, {"close"}, 1),
    "the venue does not know what became of the close": (faults.unknown, {"close"}, 1),
    "the venue is overloaded": (faults.overloaded, {"close", "cancel"}, 2),
    "too many requests": (faults.too_many, {"close"}, 1),
    "the venue is in maintenance wherever it is asked": (faults.unknown, set(), 6),
    "positions cannot be read": (faults.dropped_before, {"positions"}, 4),
    "orders cannot be read": (faults.dropped_before, {"open_orders", "open_stops"}, 6),
    "a read finds nothing where there is something": (faults.empty, {"positions"}, 1),
    "a list of orders comes empty": (faults.empty, {"open_orders", "open_stops"}, 2),
    "cancels are lost": (faults.dropped_after, {"cancel", "cancel_stop"}, 2),
    "something before the venue answers in HTML": (faults.walled, {"close", "positions"}, 2),
}


@VENUES
@pytest.mark.parametrize("trouble", FAULTS)
async def test_it_ends_flat_whatever_went_wrong(shipped_config: CockpitConfig, name: str, trouble: str) -> None:
    fault, roles, times = FAULTS[trouble]
    async with real_stage(shipped_config, name) as stage:
        await trading(stage)
        stage.venue.faults.add(fault(), roles=roles, times=times)
        stage.flatten()
        await flat(stage)
        assert not stage.venue.watch.flips


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("binance", "-2022"),
        ("okx", "51169"),
        ("binance", "-4118"),
        ("krakenfutures", "wouldNotReducePosition"),
        ("hyperliquid", "Reduce only order would increase position."),
        ("bybit", "110017"),
        ("coinbase", "PREVIEW_REDUCE_ONLY_INCREASED_POSITION_SIZE"),
    ],
)
async def test_a_refused_close_is_looked_at_again_before_the_next(
    shipped_config: CockpitConfig, name: str, code: str
) -> None:
    """Nothing to reduce, or quantity held by others: neither is hammered at, neither is believed to be flat."""
    async with real_stage(shipped_config, name) as stage:
        await trading(stage)
        stage.venue.faults.add(faults.rejected(code), roles={"close"}, times=3)
        reads, closes = len(stage.venue.called("positions")), len(stage.venue.called("close"))
        stage.flatten()
        await flat(stage)
        assert len(stage.venue.called("close")) - closes == 4
        assert len(stage.venue.called("positions")) - reads >= 4
        assert any(code in word.sentence for word in stage.notices(VenueTopic.FLATTEN) if word.is_grave)


@VENUES
async def test_orders_that_hang_delay_no_close(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name, flatten_pace=IMPATIENT) as stage:
        await trading(stage)
        stage.venue.core.reserves = False
        hanging = faults.hanging(30.0, executes=False)
        stage.venue.faults.add(hanging, roles={"open_orders", "open_stops", "cancel"}, times=None)
        stage.flatten()
        await stage.venue.until(lambda: not stage.venue.positions)
        stage.venue.faults.clear()
        await flat(stage)


@VENUES
async def test_a_stop_stays_until_its_position_was_seen_gone_twice(shipped_config: CockpitConfig, name: str) -> None:
    """However long the close is refused, and however often a read finds nothing once."""
    async with real_stage(shipped_config, name) as stage:
        await trading(stage)
        stage.venue.faults.add(faults.overloaded(), roles={"close"}, times=6)
        stage.flatten()
        await stage.venue.until(lambda: len(stage.venue.called("close")) >= 3)
        stage.venue.faults.add(faults.empty(), roles={"positions"}, times=1)
        assert len(stage.venue.algo_orders) == 1
        await flat(stage)
        cancelled_ns = min(call.arrived_ns for call in stage.venue.called("cancel_stop"))
        closed_ns = max(call.arrived_ns for call in stage.venue.called("close"))
        assert closed_ns < cancelled_ns
        assert stage.venue.watch.longest_naked_s() < 1.0


@VENUES
async def test_a_flatten_waits_for_an_entry_nobody_knows_of(shipped_config: CockpitConfig, name: str) -> None:
    """It shows up after the venue was seen flat: then it is closed like everything else."""
    async with real_stage(shipped_config, name, factor=3.0) as stage:
        stage.venue.faults.add(faults.late(), roles={"entry"})
        stage.place("t000001e1", BUY, 0.01)
        await stage.until(lambda: "OrderUnknown" in stage.of("t000001e1"))
        stage.flatten()
        await stage.until(lambda: any("nobody knows yet" in step for step in stage.steps))
        assert stage.flat_reads == 0
        stage.venue.carry_out_late()
        await flat(stage)
        assert stage.filled("t000001e1") == pytest.approx(0.01)


@VENUES
async def test_entries_are_refused_while_a_venue_is_flattened_and_taken_again_after(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        await trading(stage)
        stage.flatten()
        stage.place("t000003e1", BUY, 0.01)
        assert stage.of("t000003e1") == ["OrderRejected"]
        await flat(stage)
        stage.place("t000004e1", BUY, 0.01)
        await stage.until(lambda: stage.filled("t000004e1") > 0)


async def test_a_second_flatten_while_one_runs_changes_nothing(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config) as stage:
        await trading(stage)
        stage.flatten()
        stage.flatten()
        await flat(stage)
        assert sum("FREEZE" in step for step in stage.steps) == 1
        assert len(stage.venue.called("close")) == 1


def raise_the_least(stage: RealStage, least: float) -> None:
    """The venue raises its least quantity over what is held: dust."""
    rules, symbol = stage.venue.core.rules, stage.venue.symbol("BTC")
    rules[symbol] = replace(rules[symbol], min_qty=Decimal(str(least)))


async def test_dust_is_declared_with_its_numbers_and_never_hammered_at(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config) as stage:
        stage.place("t000001e1", BUY, 0.01)
        await stage.until(lambda: stage.filled("t000001e1") > 0)
        raise_the_least(stage, 0.5)
        stage.flatten()
        await stage.until(lambda: any("DUST" in step for step in stage.steps))
        dust = next(step for step in stage.steps if "DUST" in step)
        assert "+0.01 BTC (1,000.00 USD)" in dust
        await stage.venue.until(lambda: len(stage.venue.called("positions")) > 30)
        assert len(stage.venue.called("close")) <= 3
        assert stage.flat_reads == 0
        raise_the_least(stage, 0.001)
        await flat(stage)


# Without an engine.


async def both(config: CockpitConfig, act: Callable[[Any, Any, dict[str, Any]], Any]) -> None:
    """Both venues, each with a long BTC position, a full-size target and a stop, placed by somebody else."""
    async with venue_kind("binance")() as binance, venue_kind("okx")() as okx:
        accounts = {}
        for name, venue in (("binance", binance), ("okx", okx)):
            venue.set_price("BTC", 99_999.9, 100_000, mark=100_000)
            venue.trade_by_hand("BTC", "buy", 0.01)
            async with connected(venue) as client:
                theirs = Stage(venue, client, FrameContent(client))
                await theirs.stop("sell", 0.01, 99_000.0, "theirstop")
                await theirs.limit("sell", 0.01, 101_000.0, "theirtarget", reduceOnly=True)
                await theirs.limit("buy", 0.01, 98_000.0, "theirentry")
            accounts[name] = account_on(venue, name, config)
        await act(binance, okx, accounts)


async def test_without_an_engine_every_venue_is_flattened(shipped_config: CockpitConfig) -> None:
    steps: list[FlattenStep] = []

    async def act(binance: Any, okx: Any, accounts: dict[str, Any]) -> None:
        assert await flatten_directly(accounts, steps.append, timing=hurried())
        assert is_empty(binance) and is_empty(okx)

    await both(shipped_config, act)
    for venue in ("binance", "okx"):
        own = [step for step in steps if step.venue == venue]
        assert own[0].name is StepName.FREEZE and own[-1].name is StepName.FLAT
        assert not any(step.is_trouble for step in own)
        assert [step.elapsed_s for step in own] == sorted(step.elapsed_s for step in own)


async def test_a_venue_that_hangs_delays_no_other(shipped_config: CockpitConfig) -> None:
    steps: list[FlattenStep] = []

    async def act(binance: Any, okx: Any, accounts: dict[str, Any]) -> None:
        okx.faults.add(faults.hanging(30.0, executes=False), times=None, roles={"positions", "close"})
        flattening = asyncio.ensure_future(flatten_directly(accounts, steps.append, timing=hurried(), pace=IMPATIENT))
        await binance.until(lambda: is_empty(binance))
        assert okx.positions
        okx.faults.clear()
        assert await flattening
        assert is_empty(okx)

    await both(shipped_config, act)
    assert [step.venue for step in steps if step.name is StepName.FLAT] == ["binance", "okx"]
    assert any(step.is_trouble and step.venue == "okx" for step in steps)


async def test_refused_keys_are_said_and_given_up_and_the_other_venue_is_flattened(
    shipped_config: CockpitConfig,
) -> None:
    steps: list[FlattenStep] = []

    async def act(binance: Any, okx: Any, accounts: dict[str, Any]) -> None:
        okx.key_revoked = True
        assert not await flatten_directly(accounts, steps.append, timing=hurried())
        assert is_empty(binance) and okx.positions

    await both(shipped_config, act)
    assert any("50111" in step.sentence for step in steps if step.venue == "okx")


async def test_a_screen_that_fails_stops_no_flatten(shipped_config: CockpitConfig) -> None:
    def broken(step: FlattenStep) -> None:
        raise OSError("the pipe is gone")

    async def act(binance: Any, okx: Any, accounts: dict[str, Any]) -> None:
        assert await flatten_directly(accounts, broken, timing=hurried())
        assert is_empty(binance) and is_empty(okx)

    await both(shipped_config, act)


async def test_nothing_to_flatten_is_no_success() -> None:
    assert not await flatten_directly({}, print)


async def test_flat_is_said_only_after_the_venue_was_empty_twice(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config) as stage:
        stage.venue.faults.add(faults.empty(), roles={"positions"}, times=1)
        stage.venue.trade_by_hand("BTC", "buy", 0.01)
        stage.flatten()
        await flat(stage)
        assert [event.venue for event in stage.events if isinstance(event, VenueFlat)] == ["binance", "binance"]
