"""Webhooks. In: another service's body, mapped by its source's template. Out: events, signed, beside the loop."""

import asyncio
import importlib
import logging
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from pydantic import SecretStr

from cockpit.api.denial import Denied
from cockpit.api.messages import encoded, event_of, kill_event
from cockpit.api.signing import sign
from cockpit.config.signal_sources import WebhookOut, WebhookSection
from cockpit.domain.actions import AnyAction, StateChanged

if TYPE_CHECKING:
    import httpx

LOG = logging.getLogger("cockpit.api")
SECRET_NAME = "COCKPIT_WEBHOOK_SECRET"
SIGNATURE = "X-Cockpit-Signature"
ALONE = re.compile(r"^\{\{\s*([\w.]{1,80})\s*\}\}$")
INSIDE = re.compile(r"\{\{\s*([\w.]{1,80})\s*\}\}")
NUMBERS = ("amount", "stop_bps", "stop_price", "entry.price", "entry.within_s", "hold_s", "confidence")
WAITING = 1_000
TRIES = 3
WITHIN_S, FIRST_DELAY_S = 5.0, 0.5


def mapped(content: bytes, hook: WebhookSection) -> dict[str, Any]:
    """The proposal that a body means. Raises `Denied` for a body that is no object or lacks a key."""
    try:
        body = msgspec.json.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Denied(422, "invalid", "body: expected a JSON object, was something else", fields=["body"], problems=[])
    found: dict[str, Any] = {}
    for name, template in hook.fields.items():
        section, _, key = name.rpartition(".")
        part = found.setdefault(section, {}) if section else found
        part[key] = _field(name, template, body, hook)
    return found


def _field(name: str, template: str, body: Mapping[str, Any], hook: WebhookSection) -> Any:
    alone = ALONE.match(template)
    value = _at(name, alone[1], body) if alone else INSIDE.sub(lambda found: str(_at(name, found[1], body)), template)
    value = hook.values.get(name, {}).get(str(value), value)
    if name in NUMBERS and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _at(name: str, key: str, body: Mapping[str, Any]) -> Any:
    value: Any = body
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            reason = f"{name}: expected the key {key} in the body, was absent"
            raise Denied(422, "invalid", reason, fields=[name], problems=[])
        value = value[part]
    return value


class WebhookSender:
    """Posts events in order, a few times each where nobody takes them; while one waits, the oldest go first.

    `X-Cockpit-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of 't.body'>`. `lost` counts what nobody took.
    """

    def __init__(
        self,
        hooks: Sequence[WebhookOut],
        secret: SecretStr,
        timestamp: Callable[[], str],
        wall_s: Callable[[], float],
    ) -> None:
        self.lost = 0
        self._hooks = hooks
        self._secret = secret
        self._timestamp = timestamp
        self._wall_s = wall_s
        self._waiting: deque[tuple[WebhookOut, bytes]] = deque(maxlen=WAITING)
        self._something = asyncio.Event()

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """Queue what somebody wants to be told."""
        for action in actions:
            found = [event_of(action), kill_event(action) if isinstance(action, StateChanged) else None]
            for event in (one for one in found if one is not None):
                self._queue(*event)

    async def run(self) -> None:
        """Post for as long as the engine runs. The client is loaded only where a webhook goes out."""
        httpx = await asyncio.to_thread(importlib.import_module, "httpx")
        async with httpx.AsyncClient(timeout=WITHIN_S, trust_env=False, follow_redirects=False) as client:
            while True:
                await self._something.wait()
                while self._waiting:
                    await self._post(client, *self._waiting.popleft())
                self._something.clear()

    def _queue(self, event: str, data: dict[str, Any]) -> None:
        body = None
        for hook in self._hooks:
            if event in hook.events:
                body = body or encoded(event, data, self._timestamp()).encode()
                self.lost += len(self._waiting) == WAITING
                self._waiting.append((hook, body))
                self._something.set()

    async def _post(self, client: "httpx.AsyncClient", hook: WebhookOut, body: bytes) -> None:
        from httpx import HTTPError

        delay_s = FIRST_DELAY_S
        for attempt in range(TRIES):
            stamp = int(self._wall_s())
            headers = {SIGNATURE: f"t={stamp},v1={sign(self._secret, stamp, body)}", "Content-Type": "application/json"}
            try:
                answer = await client.post(hook.url, content=body, headers=headers)
                if answer.is_success:
                    return
                failure = f"HTTP {answer.status_code}"
            except HTTPError as error:
                failure = type(error).__name__
            if attempt + 1 < TRIES:
                await asyncio.sleep(delay_s)
                delay_s *= 2
        self.lost += 1
        where = urlsplit(hook.url).hostname  # a path may be as good as a password
        LOG.warning("webhook at %s: expected to be taken, was %s: this event is not told", where, failure)
