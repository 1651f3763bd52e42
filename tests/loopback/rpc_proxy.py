"""An RPC endpoint between the feed and the real node: it passes everything on, until a test makes it lie or fail."""

import json
from collections.abc import Callable
from typing import Any

import aiohttp

from tests.loopback.site import Asked, LoopbackSite, Reply

Distort = Callable[[str, list[Any], Any], Any]
"""(method, params, the node's true result) -> the result told."""


class RpcProxy(LoopbackSite):
    """`fault` answers instead of the node; `distort` changes what the node says; `methods` is what arrived."""

    def __init__(self, node_url: str) -> None:
        super().__init__(self._relay)
        self._node_url = node_url
        self.fault: Reply | None = None
        self.distort: Distort | None = None
        self.methods: list[str] = []

    async def _relay(self, asked: Asked) -> Reply:
        calls = asked.json if isinstance(asked.json, list) else [asked.json]
        self.methods += [call["method"] for call in calls]
        if self.fault is not None:
            return self.fault
        async with aiohttp.ClientSession() as session:
            headers = {"Content-Type": "application/json"}
            async with session.post(self._node_url, data=asked.body, headers=headers) as response:
                answer = json.loads(await response.read())
        if self.distort is not None and isinstance(answer, dict) and "result" in answer:
            answer["result"] = self.distort(calls[0]["method"], calls[0]["params"], answer["result"])
        return Reply(answer)

    @property
    def keyed_url(self) -> str:
        """Its address as providers give it, with a key in the path."""
        return f"{self.url}/v2/{CANARY}"


CANARY = "canaryKey0123456789abcdefSECRET"
"""Stands for an API key in an endpoint's path; it may appear nowhere but on the wire."""
