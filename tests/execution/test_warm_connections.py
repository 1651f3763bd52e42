"""What sheds risk finds its connections open, and leaves before anything is looked at. Real client, loopback venues."""

from typing import Any

import pytest
from real_stage import RealStage, real_stage

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderRole, Side
from cockpit.exchanges.base.account import NotSent
from cockpit.exchanges.base.call_kind import CallKind, kind_now
from cockpit.execution.live_venue import MOST_CONNECTIONS, WarmConnections

BUY, SELL = Side.LONG, Side.SHORT
VENUES = pytest.mark.parametrize("name", ["binance", "okx"])


async def trading(stage: RealStage, targets: int = 3) -> list[str]:
    """A position, its stop, and its targets, placed one after the other: over few connections."""
    stage.place("t000001e1", BUY, 0.03)
    await stage.until(lambda: stage.filled("t000001e1") >= 0.03 - 1e-9)
    stage.place("t000001s2", SELL, 0.03, OrderRole.STOP, trigger=99_000.0)
    await stage.until(lambda: "OrderAccepted" in stage.of("t000001s2"))
    order_ids = [f"t000001t{3 + number}" for number in range(targets)]
    for number, order_id in enumerate(order_ids):
        stage.place(order_id, SELL, 0.03 / targets, OrderRole.TARGET, limit=101_000.0 + 10 * number)
        await stage.until(lambda placed=order_id: "OrderAccepted" in stage.of(placed))  # type: ignore[misc]
    return order_ids


@VENUES
async def test_cancels_and_close_find_a_connection_each(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        targets = await trading(stage)
        warm = WarmConnections(stage.live._context)
        assert warm.wanted == 5
        await warm.touch()
        known = set(stage.venue.callers)
        assert len(known) >= 5
        for order_id in targets:
            stage.cancel(order_id)
        stage.place("t000001c6", SELL, 0.03, OrderRole.CLOSE)
        await stage.until(lambda: stage.filled("t000001c6") >= 0.03 - 1e-9)
        assert set(stage.venue.callers) == known


@VENUES
async def test_where_nothing_stands_nothing_is_asked(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        assert WarmConnections(stage.live._context).wanted == 0


async def test_where_requests_are_scarce_none_is_spent_on_it(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config, "binance") as stage:
        await trading(stage, targets=1)
        stage.account.least_peek_s = 5.0
        assert WarmConnections(stage.live._context).wanted == 0


async def test_it_asks_for_no_more_than_its_most_and_minds_no_refusal(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config, "binance") as stage:
        await trading(stage, targets=6)
        asked: list[int] = []

        async def refused() -> None:
            asked.append(1)
            raise NotSent("binance asked to be left alone", 1.0)

        stage.account.touch = refused  # type: ignore[method-assign]
        await WarmConnections(stage.live._context).touch()
        assert len(asked) == MOST_CONNECTIONS


@VENUES
async def test_our_own_close_leaves_before_the_sweep_asks_its_first_question(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        (target,) = await trading(stage, targets=1)
        order: list[str] = []
        fetch, positions = stage.account.client.fetch, stage.account.positions  # type: ignore[attr-defined]

        async def fetched(url: str, method: str = "GET", *rest: Any, **named: Any) -> Any:
            if method != "GET":
                order.append("sent")
            return await fetch(url, method, *rest, **named)

        async def read() -> Any:
            if kind_now() is CallKind.EXIT:
                order.append("looked")
            return await positions()

        stage.account.client.fetch = fetched  # type: ignore[attr-defined]
        stage.account.positions = read  # type: ignore[method-assign]
        stage.cancel(target)
        stage.place("t000001c4", SELL, 0.03, OrderRole.CLOSE)
        stage.flatten()
        await stage.until(lambda: stage.flat_reads == 2)
        assert order[:3] == ["sent", "sent", "looked"]
