"""Asking a JSON service over HTTP: what goes wrong becomes a sentence without a URL and without a key."""

import asyncio
import importlib
import json
import ssl
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from cockpit.exchanges.base.allowance import RestBudget, retry_after_s
from cockpit.exchanges.base.masking import masked, quiet_libraries, secrets_of
from cockpit.exchanges.base.timing import Clock
from cockpit.exchanges.base.trouble import FeedTrouble, http_trouble

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 4_000_000
FIRST_ERROR = 300


class JsonSite:
    """One service. Its client is made at the first call, in a thread: loading certificates takes a while.

    `headers` go with every call; those that are secret never show up anywhere else. With a `budget` no call is made
    while it says wait, and it hears of every answer: for a service whose allowance others use too.
    """

    def __init__(
        self,
        url: str,
        timeout_s: float,
        clock: Clock,
        headers: Mapping[str, str | SecretStr] | None = None,
        budget: RestBudget | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._clock = clock
        self._budget = budget
        given = headers or {}
        hidden = [value.get_secret_value() for value in given.values() if isinstance(value, SecretStr)]
        self._headers = given
        self._secrets = (*secrets_of(url), *hidden)
        self._client: httpx.AsyncClient | None = None
        self.answer_headers: Mapping[str, str] = {}
        """The headers of the newest answer."""

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """The JSON at that path. Raises `FeedTrouble`."""
        return await self._ask("GET", self._url + path, params=dict(params or {}))

    async def post(self, body: Any) -> Any:
        """The JSON answer to a JSON body. Raises `FeedTrouble`."""
        return await self._ask("POST", self._url, json=body)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def masked(self, text: object) -> str:
        """The service's own words, fit to be shown."""
        return masked(str(text), self._secrets)

    async def _ask(self, method: str, url: str, **kwargs: Any) -> Any:
        waits_s = self._budget.wait_s() if self._budget is not None else 0.0
        if waits_s > 0:
            raise FeedTrouble(f"asked enough for now, waits {waits_s:.0f} s", waits_s)
        if self._client is None:
            self._client = await asyncio.to_thread(self._make_client)
        httpx = importlib.import_module("httpx")
        try:
            async with asyncio.timeout(self._timeout_s):
                status, data = await self._exchange(method, url, **kwargs)
        except (TimeoutError, httpx.TimeoutException):
            raise FeedTrouble(f"no answer within {self._timeout_s:g} s") from None
        except httpx.RemoteProtocolError:
            raise FeedTrouble("the answer broke off") from None
        except httpx.HTTPError as error:
            raise FeedTrouble(f"no connection ({type(error).__name__})") from None
        if status >= FIRST_ERROR:
            wait_s = retry_after_s(self.answer_headers.get("Retry-After"), self._clock())
            raise http_trouble(status, wait_s, self.masked(data[:200].decode(errors="replace")))
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise FeedTrouble("expected JSON, was something else") from None

    async def _exchange(self, method: str, url: str, **kwargs: Any) -> tuple[int, bytes]:
        assert self._client is not None
        async with self._client.stream(method, url, **kwargs) as response:
            self.answer_headers = response.headers
            if self._budget is not None:
                self._budget.answered(response.status_code, response.headers)
            data = bytearray()
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > MOST_BYTES:
                    raise FeedTrouble(f"expected at most {MOST_BYTES} bytes, was more")
            return response.status_code, bytes(data)

    def _make_client(self) -> "httpx.AsyncClient":
        import httpx

        quiet_libraries()
        shown = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self._headers.items()
        }
        return httpx.AsyncClient(headers=shown, timeout=self._timeout_s, follow_redirects=False, verify=_trusted())


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that all services trust: reading them takes 20 ms."""
    import httpx

    return httpx.create_ssl_context()
