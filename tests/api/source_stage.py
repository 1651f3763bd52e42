"""Registered sources for the API's tests: their keys, an engine that knows them, what they propose."""

import json
import secrets
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
from api_stage import ROOMY, SIGNAL, UNBOUNDED, Running, running
from pydantic import SecretStr

from cockpit.api.signing import hex_signature

EXECUTE = "/api/trade/execute"
LIMITS = {
    "proposals_per_minute": 3,
    "cut_off_at_refusals": 4,
    "notional_usd_per_day": 120,
    "open_trades": 2,
    "loss_usd_per_day": 5,
}
SOURCES: dict[str, Any] = {
    "mind": {"scopes": ["look", "propose"], "limits": LIMITS},
    "nurse": {"scopes": ["look", "shed"]},
    "blind": {"scopes": ["propose"], "limits": {**LIMITS, "proposals_per_minute": 60}},
    "signer": {"auth": "hmac", "limits": LIMITS},
    "curve": {"auth": "ed25519", "limits": LIMITS},
    "ghost": {"shadow": True, "limits": LIMITS},
}


def of(sources: dict[str, Any]) -> str:
    return f"sources={json.dumps(sources)}"


def give_key(home: Path, name: str, *keys: str) -> str:
    """Write a source's keys, the newest first; returns that."""
    directory = home / "sources"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = keys or (secrets.token_urlsafe(32),)
    path = directory / f"{name}.keys"
    path.write_text("\n".join(made) + "\n")
    path.chmod(0o600)
    return made[0]


def engine(home: Path, **more: Any) -> AbstractAsyncContextManager[Running]:
    return running(home, *ROOMY, of({**SOURCES, **more}), limits=UNBOUNDED)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def propose(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    return await client.post(EXECUTE, json={**SIGNAL, **more})


def reason(answer: httpx.Response) -> str:
    told = answer.json()["detail"]
    assert isinstance(told["error"], str)
    return str(told["reason"])


def hmac_signature(key: str, message: bytes) -> str:
    return hex_signature(SecretStr(key), message)
