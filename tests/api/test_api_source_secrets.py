"""A canary in every secret that a source or a webhook has: none of them reaches a file, a log, a repr or an answer."""

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_stage import ROOMY, SIGNAL, STRATEGY, UNBOUNDED, Running, eventually, running
from source_stage import EXECUTE, LIMITS, bearer, give_key, hmac_signature, of

from cockpit.api.signing import sign
from cockpit.api.source_keys import signed_message
from cockpit.journal.recordings import read_recording

TOKEN = "canary-of-a-token-0123456789abcdefghijklmn"
OLD_TOKEN = "canary-of-an-old-token-0123456789abcdefghi"
HMAC_KEY = "canary-of-a-signing-key-0123456789abcdefgh"
HOOK_TOKEN = "canary-of-a-hook-0123456789abcdefghijklmno"
OUT_SECRET = "canary-of-a-webhook-secret-0123456789abcde"
PATH_SECRET = "canary-of-a-path-0123456789"
HOOK = {
    "fields": {"strategy": STRATEGY, "pair": "{{ticker}}/USDT", "amount": "20", "side": "long", "id": "{{id}}"},
    "token_key": "passphrase",
}
SOURCES: dict[str, Any] = {
    "mind": {"limits": LIMITS},
    "signer": {"auth": "hmac", "limits": LIMITS},
    "chart": {"limits": LIMITS, "webhook": HOOK},
}
KEPT_SECRET = ("token", ".keys")
"""Where secrets are kept, 0600."""


async def call_everything(room: Running) -> list[str]:
    """Every way of showing a secret, well and badly, and what was answered."""
    seen: list[str] = []

    def note(answer: httpx.Response) -> None:
        seen.append(answer.text + str(answer.headers))

    async with room.http() as client:
        for key in (TOKEN, OLD_TOKEN):
            note(await client.post(EXECUTE, json={**SIGNAL, "id": key[:20]}, headers=bearer(key)))
            note(await client.post("/api/arm", headers=bearer(key)))
            note(await client.post(EXECUTE, content=b"{", headers=bearer(key)))
            note(await client.get("/api/sources", headers=bearer(key)))
        body = json.dumps({**SIGNAL, "id": "signed"}).encode()
        stamp = int(time.time())
        for given in (hmac_signature(HMAC_KEY, signed_message(stamp, "POST", EXECUTE, body)), "00", HMAC_KEY):
            headers = {"X-Cockpit-Source": "signer", "X-Cockpit-Signature": f"t={stamp},v1={given}"}
            note(await client.post(EXECUTE, content=body, headers={**headers, "Content-Type": "application/json"}))
        for ticker in ("BTC", "DOGE", 7, HOOK):
            hooked = {"ticker": ticker, "id": str(ticker)[:20], "passphrase": HOOK_TOKEN}
            note(await client.post("/api/hooks/chart", json=hooked))
        note(await client.post("/api/hooks/chart", json={"passphrase": HOOK_TOKEN}))
        for path in (
            "/api/snapshot",
            "/api/process",
            "/api/rules",
            "/api/verdicts",
            "/api/trades",
            "/metrics",
            "/docs",
        ):
            note(await client.get(path))
    for path in ("/ws/dashboard", "/ws/stream"):
        async with room.socket(path) as line:
            await line.send(json.dumps({"type": "auth", "token": TOKEN}))
            seen += [str(await line.recv()) for _ in range(3)]
    return seen


def objects(room: Running, depth: int = 4) -> str:
    """The reprs of what holds secrets, and of what that is made of, some levels down."""
    found: dict[int, object] = {id(room.server): room.server}
    newest: list[object] = [room.server]
    for _ in range(depth):
        inside = [value for one in newest for value in parts_of(one) if id(value) not in found]
        found |= {id(value): value for value in inside}
        newest = inside
    return " ".join(repr(one) for one in found.values())


def parts_of(one: object) -> list[object]:
    """What one of our own objects holds; what a library holds is its own affair."""
    if isinstance(one, list | tuple | set | frozenset):
        return list(one)
    if isinstance(one, dict):
        return list(one.values())
    if not type(one).__module__.startswith("cockpit.api"):
        return []
    slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
    return [*getattr(one, "__dict__", {}).values(), *(getattr(one, name) for name in slots if hasattr(one, name))]


def written(home: Path) -> list[tuple[str, str]]:
    """Every file of the profile as text, recordings unpacked; without the two places where secrets are kept."""
    found = []
    for file in home.rglob("*"):
        if not file.is_file() or file.name.endswith(KEPT_SECRET):
            continue
        content = file.read_bytes().decode("latin-1")
        if file.suffix == ".rec":
            header, records = read_recording(file)
            content += repr(header) + "".join(repr(record) for record in records)
        found.append((str(file), content))
    return found


async def test_no_secret_of_a_source_or_a_webhook_is_anywhere(
    home: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, "cockpit")  # the libraries of the client here would say all of it
    give_key(home, "mind", TOKEN, OLD_TOKEN)
    give_key(home, "signer", HMAC_KEY)
    give_key(home, "chart", HOOK_TOKEN)
    refusing = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{refusing.sockets[0].getsockname()[1]}/{PATH_SECRET}"
    hooks = f'webhooks=[{{"url": "{url}", "events": ["trade_opened"]}}]'
    environ = {"COCKPIT_WEBHOOK_SECRET": OUT_SECRET}
    async with running(home, *ROOMY, hooks, of(SOURCES), limits=UNBOUNDED, environ=environ) as room:
        seen = await call_everything(room)
        assert {trade.record.source for trade in room.host.engine.book.trades} == {"mind", "signer", "chart"}
        sender = room.server._webhooks
        assert sender is not None and sign(sender._secret, 1, b"x"), "it has the secret, and used it"
        await eventually(lambda: sender.lost > 0, 20)
        shown = objects(room)
    refusing.close()
    out = capfd.readouterr()
    places = [("answers", " ".join(seen)), ("reprs", shown), ("log", caplog.text), ("terminal", out.out + out.err)]
    files = written(home)
    assert {Path(name).suffix for name, _ in files} >= {".sqlite", ".rec", ".log"}, "there is something to look at"
    assert any("mind:canary-of-a-token-0" in text for _, text in files), "an id that looks like it is found, unpacked"
    for place, text in (*places, *files):
        for secret in (TOKEN, OLD_TOKEN, HMAC_KEY, HOOK_TOKEN, OUT_SECRET, PATH_SECRET):
            assert secret not in text, (secret, place)
    logs = caplog.text + "".join(text for name, text in files if name.endswith(".log"))
    assert "webhook at 127.0.0.1" in logs
    assert "SourceKeys(**********)" in shown and "SecretStr('**********')" in shown, "it came down to where they are"
