"""Waiting for calls."""

import asyncio

import pytest

from cockpit.exchanges.base.account import NotSent
from cockpit.exchanges.base.timing import all_of


async def test_where_one_call_fails_the_others_take_no_turn_any_more() -> None:
    turns: list[str] = []
    free = asyncio.Event()

    async def waits() -> str:
        await free.wait()
        turns.append("taken")
        return "an answer"

    async def fails() -> str:
        raise NotSent("okx: asked to be left alone for 0.2 s more", 0.2)

    with pytest.raises(NotSent):
        await all_of(waits(), fails(), waits())
    free.set()
    await asyncio.sleep(0)
    assert turns == []


async def test_answers_come_in_the_order_they_were_asked_for() -> None:
    async def answer(what: str, turns: int) -> str:
        for _ in range(turns):
            await asyncio.sleep(0)
        return what

    assert await all_of(answer("first", 3), answer("second", 0)) == ["first", "second"]
