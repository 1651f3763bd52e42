"""Every list of every venue is read row by row: odd rows before and behind the others lose none of them, and what is
odd about a position keeps nobody from closing it, unless it is its quantity: then it is said, and not called flat.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from cockpit.config.model import CockpitConfig
from cockpit.exchanges.base.account import VenueFailure
from tests.execution.account_stage import AccountStage, account_stage, entry, stop, target, with_venue

ID = "ckaaaaaat000001"
VENUES = ("binance", "okx", "bybit", "hyperliquid", "krakenfutures", "coinbase")
POSITIONS = {
    "binance": ("positionRisk", "positionAmt", ("symbol", "positionSide")),
    "okx": ("account/positions", "pos", ("instId", "posSide", "mgnMode")),
    "bybit": ("position/list", "size", ("symbol", "side", "positionIdx")),
    "hyperliquid": ("info", "szi", ("coin", "position", "type")),
    "krakenfutures": ("openpositions", "size", ("symbol", "side")),
    "coinbase": ("cfm/positions", "number_of_contracts", ("product_id", "side", "contract_size")),
}
"""Where a venue lists positions, under which key it says how much, and without what no order can be written."""

Change = Callable[[Any], None]


@asynccontextmanager
async def at_work(name: str, shipped: CockpitConfig) -> AsyncIterator[AccountStage]:
    """An account with a position, a stop, a target and a payment of funding."""
    config = shipped if name in shipped.venues else with_venue(shipped, name)
    async with account_stage(name, config) as stage:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(), f"{ID}s1")
        await stage.account.place(target(), f"{ID}x1")
        yield stage


def rewrite(stage: AccountStage, change: Callable[[str, Any], Any]) -> None:
    """Every body that the venue answers from now on goes through `change`, which may hand back another one."""
    usual = stage.venue.answer

    async def answer(request: web.Request, query: dict[str, str], body: str) -> web.StreamResponse:
        response = await usual(request, query, body)
        if not isinstance(response, web.Response) or not response.text or request.path.endswith("exchange"):
            return response
        told = json.loads(response.text)
        changed = change(request.path, told)
        return web.json_response(told if changed is None else changed, status=response.status)

    stage.venue.answer = answer


def lists_in(told: Any) -> Iterator[list[Any]]:
    """The lists of rows in a body, however deep."""
    for inner in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from lists_in(inner)
    if isinstance(told, list) and told and all(isinstance(row, dict) for row in told):
        yield told


def with_odd_rows(path: str, told: Any) -> None:
    for rows in list(lists_in(told)):
        odd: list[Any] = [None, "x", 7, {}, [], dict.fromkeys(rows[0])]
        rows[:] = [*odd, *rows, *odd]


def of(rows: Sequence[Any]) -> set[str]:
    return {str(row) for row in rows}


@pytest.mark.parametrize("name", VENUES)
async def test_odd_rows_in_any_list_lose_no_other(shipped_config: CockpitConfig, name: str) -> None:
    async with at_work(name, shipped_config) as stage:
        account: Any = stage.account
        placed = await account.find("BTC", f"{ID}e1", False)

        async def read() -> dict[str, Any]:
            asked: dict[str, Awaitable[Any]] = {
                "positions": account.positions(),
                "open orders": account.open_orders(),
                "executions": account.fills_since("BTC", 0),
                "those of an order": account.fills_of(placed),
                "funding": account.funding_since(0),
                "entry": account.find("BTC", f"{ID}e1", False),
                "stop": account.find("BTC", f"{ID}s1", True),
            }
            found = {what: await asking for what, asking in asked.items()}
            found["facts"] = (await account.facts())._replace(clock_offset_ms=0.0)
            found["settings"] = await account.settings("BTC")
            await account.read_grids()
            return found | {"listed": account.listed(), "mark": await account.mark_price("BTC")}

        before = await read()
        assert before["positions"] and before["executions"] and len(before["open orders"]) == 2
        assert account.unreadable() == ()
        account._names.__init__()
        account._marks = None
        rewrite(stage, with_odd_rows)
        assert await read() == before
        assert any("positions: a row cannot be read" in sentence for sentence in account.unreadable())
        assert any("orders: a row cannot be read" in sentence for sentence in account.unreadable())
        aside = account.set_aside()
        assert "executions: a row cannot be read" in aside["executions"] and "more" in aside["executions"]
        assert not account.set_aside()


def without_lists(told: Any, odd: object) -> Any:
    """The body with that in place of every list in it."""
    if isinstance(told, dict):
        return {key: without_lists(inner, odd) for key, inner in told.items()}
    return odd if isinstance(told, list) else told


@pytest.mark.parametrize("odd", [{}, "", {"msg": "none"}], ids=repr)
@pytest.mark.parametrize("name", VENUES)
async def test_what_is_no_list_is_not_an_empty_one(shipped_config: CockpitConfig, name: str, odd: object) -> None:
    async with at_work(name, shipped_config) as stage:
        rewrite(stage, lambda path, told: without_lists(told, odd))
        asked = (stage.account.positions, stage.account.open_orders, lambda: stage.account.fills_since("BTC", 0))
        for ask in asked:
            with pytest.raises(VenueFailure):
                await ask()


def rows_about(key: str, told: Any) -> Iterator[dict[str, Any]]:
    """The rows, or parts of rows, that say something under that key."""
    if isinstance(told, dict) and key in told:
        yield told
    for inner in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from rows_about(key, inner)


@pytest.mark.parametrize("odd", [None, "", "?", "NaN", "Infinity", [], {}], ids=repr)
@pytest.mark.parametrize("name", VENUES)
async def test_a_position_without_a_quantity_is_not_flat(shipped_config: CockpitConfig, name: str, odd: object) -> None:
    path_end, key, _ = POSITIONS[name]

    def change(path: str, told: Any) -> None:
        for row in rows_about(key, told) if path.endswith(path_end) else ():
            row[key] = odd

    async with at_work(name, shipped_config) as stage:
        rewrite(stage, change)
        assert await stage.account.positions() == ()
        assert any("a row cannot be read" in sentence for sentence in stage.account.unreadable())


@pytest.mark.parametrize("odd", [None, "", "?", "NaN", [], {}], ids=repr)
@pytest.mark.parametrize("name", VENUES)
async def test_what_no_close_needs_hides_no_position(shipped_config: CockpitConfig, name: str, odd: object) -> None:
    path_end, key, needed = POSITIONS[name]

    def change(path: str, told: Any) -> None:
        for row in rows_about(key, told) if path.endswith(path_end) else ():
            row.update(dict.fromkeys(row.keys() - {key, *needed}, odd))

    async with at_work(name, shipped_config) as stage:
        rewrite(stage, change)
        (held,) = await stage.account.positions()
        assert held.asset == "BTC" and held.qty == stage.venue.held("BTC") and stage.account.unreadable() == ()
        assert held.entry_price == 0.0
        await stage.account.cancel("BTC", f"{ID}x1", False)
        await stage.account.close_position(held, f"{ID}c1")
        assert stage.venue.held("BTC") == 0.0


@pytest.mark.parametrize("name", ["bybit", "krakenfutures", "coinbase"])
async def test_a_side_that_may_be_either_is_no_side(shipped_config: CockpitConfig, name: str) -> None:
    path_end, key, _ = POSITIONS[name]

    def change(path: str, told: Any) -> None:
        for row in rows_about(key, told) if path.endswith(path_end) else ():
            row["side"] = "NEITHER"

    async with at_work(name, shipped_config) as stage:
        rewrite(stage, change)
        assert await stage.account.positions() == () and stage.account.unreadable()


TIMES = ("time", "fillTime", "execTime", "ts", "trade_time")
ANOTHER = dict.fromkeys(("fill_id", "tid", "execId", "entry_id", "id", "tradeId"), "7")
"""Under an id of its own, however the venue calls it."""


@pytest.mark.parametrize("odd", [None, "", "?", "NaN", [], {}], ids=repr)
@pytest.mark.parametrize("name", VENUES)
async def test_an_execution_without_a_time_loses_no_other(
    shipped_config: CockpitConfig, name: str, odd: object
) -> None:
    def change(path: str, told: Any) -> None:
        for key in TIMES:
            for rows in list(lists_in(told)):
                odd_rows = [{**row, **ANOTHER, key: odd} for row in rows if key in row]
                rows[:] = [*odd_rows, *rows]

    async with at_work(name, shipped_config) as stage:
        account: Any = stage.account
        before = await account.fills_since("BTC", 0)
        rewrite(stage, change)
        assert before and of(before) <= of(await account.fills_since("BTC", 0))


@pytest.mark.parametrize("name", VENUES)
async def test_an_execution_without_a_price_is_not_booked(shipped_config: CockpitConfig, name: str) -> None:
    def change(path: str, told: Any) -> None:
        for key in ("price", "fillPx", "execPrice", "px"):
            for row in rows_about(key, told):
                row[key] = "NaN"

    async with at_work(name, shipped_config) as stage:
        assert await stage.account.fills_since("BTC", 0)
        rewrite(stage, change)
        assert await stage.account.fills_since("BTC", 0) == ()
