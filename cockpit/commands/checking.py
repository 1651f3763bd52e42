"""`cockpit check`: every call of the contract against a running server, a line each."""

import asyncio
from collections.abc import Callable
from time import perf_counter

from cockpit.client.address import Address, local, remote
from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.client.http import EngineClient
from cockpit.commands.check_calls import ANSWER_WITHIN_S, CALLS, Call, NotAsPromised, execute_expired
from cockpit.commands.front import NO, YES
from cockpit.config.places import Places
from cockpit.domain.kinds import Mode
from cockpit.runtime.lock import is_held, read_holder

ALL = "all"


def check_api(places: Places, say: Callable[[str], None], *, url: str, token: str, test: str, mode: Mode) -> int:
    """0 when every call was answered as the contract says. Raises ValueError for what is no URL or token."""
    address = remote(url, token) if url else _of_profile(places, token)
    say(f"checking {address}")
    return asyncio.run(_check(address, say, test, mode))


def _of_profile(places: Places, token: str) -> Address:
    """Where this profile's engine says it answers, with its own token; else its socket."""
    url = read_holder(places.lock).get("url") if is_held(places.lock) else None
    if not isinstance(url, str) or not url:
        return local(places.socket)
    return remote(url, token or _own_token(places))


def _own_token(places: Places) -> str:
    try:
        return places.token.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


async def _check(address: Address, say: Callable[[str], None], test: str, mode: Mode) -> int:
    """All of them open nothing: only who asks for `execute` sends a signal that an armed paper engine trades."""
    calls = {name: call for kind, named in CALLS.items() if test in (ALL, kind) for name, call in named.items()}
    if test == ALL:
        calls["execute"] = execute_expired
    passed = 0
    async with EngineClient(address, "check", ANSWER_WITHIN_S) as client:
        for name, call in calls.items():
            passed += await _checked(client, mode, name, call, say)
    say(f"{passed} of {len(calls)} as the contract says")
    return YES if passed == len(calls) else NO


async def _checked(client: EngineClient, mode: Mode, name: str, call: Call, say: Callable[[str], None]) -> bool:
    began_s = perf_counter()
    try:
        word, finding = "ok  ", await call(client, mode)
    except (NotAsPromised, EngineRefused, EngineUnreachable) as error:
        word, finding = "FAIL", str(error)
    took_ms = (perf_counter() - began_s) * 1_000.0
    say(f"{word}  {name:<32} {took_ms:8.1f} ms  {finding}")
    return word != "FAIL"
