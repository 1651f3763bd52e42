"""A source on the WebSockets: its key in the header or the first message, its scopes, and a key taken away."""

import asyncio
import json
import secrets
from pathlib import Path

import pytest
from api_stage import ROOMY, UNBOUNDED, running
from source_stage import SOURCES, bearer, give_key, of
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from cockpit.domain.kinds import Mode
from tests.patience import patient_s

PATHS = ("/ws/dashboard", "/ws/stream")


def first(path: str, key: str) -> str:
    return json.dumps({"type": "auth", "token": key} if path == "/ws/dashboard" else {"token": key})


async def welcomed(line: ClientConnection) -> bool:
    """Whether the engine greets, or closes; a close's reason is kept for the assertion."""
    try:
        greeting = await asyncio.wait_for(line.recv(), patient_s(10))
    except ConnectionClosed:
        return False
    return b"connected" in greeting.encode() if isinstance(greeting, str) else b"hello" in greeting


@pytest.mark.parametrize("path", PATHS)
async def test_a_sources_key_in_the_first_message_has_its_scopes(home: Path, path: str) -> None:
    keys = {name: give_key(home, name) for name in ("mind", "blind")}
    async with running(home, *ROOMY, of(SOURCES), limits=UNBOUNDED, mode=Mode.TEST, arm=False) as room:
        async with room.socket(path) as line:
            await line.send(first(path, keys["mind"]))
            assert await welcomed(line)
        for key, told in ((keys["blind"], "has the scopes propose, expected look"), ("x" * 43, "or a source's key")):
            async with room.socket(path) as line:
                await line.send(first(path, key))
                assert not await welcomed(line)
                assert line.close_code == 1008 and told in str(line.close_reason)


async def test_a_source_that_names_itself_where_no_token_is_needed_has_no_more_than_its_scopes(home: Path) -> None:
    key = give_key(home, "blind")
    async with running(home, *ROOMY, of(SOURCES), limits=UNBOUNDED) as room, room.socket("/ws/dashboard") as line:
        assert await welcomed(line)
        await line.send(first("/ws/dashboard", key))
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(patient_s(10)):
                while True:
                    await line.recv()
        assert "has the scopes propose, expected look" in str(line.close_reason)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("at", ["header", "message"])
async def test_a_key_that_is_taken_away_ends_its_sockets_and_a_second_key_does_not(
    home: Path, path: str, at: str
) -> None:
    key, newer = give_key(home, "mind"), secrets.token_urlsafe(32)
    shown = bearer(key) if at == "header" else {}
    async with (
        running(home, *ROOMY, of(SOURCES), limits=UNBOUNDED, mode=Mode.TEST, arm=False) as room,
        room.socket(path, **shown) as line,
    ):
        await line.send(first(path, key) if at == "message" or path == "/ws/stream" else '{"type": "ping"}')
        assert await welcomed(line)
        give_key(home, "mind", newer, key)
        for _ in range(3):
            await asyncio.wait_for(line.recv(), patient_s(10))
        give_key(home, "mind", newer)
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(patient_s(20)):
                while True:
                    await line.recv()
        assert line.close_code == 1008 and "one that was taken away" in str(line.close_reason)
