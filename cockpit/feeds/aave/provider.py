"""A web3 provider that can only read. Five methods leave it; everything else is refused before a byte is sent.

Importing this module imports web3, which takes a second: do it in a thread.
"""

from typing import Any

import aiohttp

from cockpit.feeds.aave.recursion import recursion_limit_kept

with recursion_limit_kept():
    from web3 import AsyncHTTPProvider
    from web3.types import RPCEndpoint, RPCResponse

READ_METHODS = frozenset({"eth_call", "eth_blockNumber", "eth_chainId", "eth_getBlockByNumber", "net_version"})


class ReadOnlyViolation(Exception):
    """Somebody asked the watched wallet's provider for more than reading. It is a defect: nothing was sent."""


class ReadOnlyProvider(AsyncHTTPProvider):
    """HTTP, no retries of its own (they ignore Retry-After), no redirects, no URL of a contract's choosing."""

    global_ccip_read_enabled = False

    def __init__(self, url: str, timeout_s: float) -> None:
        kwargs = {"timeout": aiohttp.ClientTimeout(total=timeout_s), "allow_redirects": False}
        super().__init__(url, request_kwargs=kwargs, exception_retry_configuration=None)

    def __str__(self) -> str:
        return "read-only RPC connection"

    def form_request(self, method: RPCEndpoint, params: Any = None) -> Any:
        """Every request, single or in a batch, is formed here. Raises `ReadOnlyViolation`."""
        _refuse_unless_reading(method)
        return super().form_request(method, params)

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Send one read. Raises `ReadOnlyViolation` for anything else."""
        _refuse_unless_reading(method)
        return await super().make_request(method, params)

    async def make_batch_request(
        self, batch_requests: list[tuple[RPCEndpoint, Any]]
    ) -> list[RPCResponse] | RPCResponse:
        """Send several reads; one that is none refuses them all. Raises `ReadOnlyViolation`."""
        for method, _ in batch_requests:
            _refuse_unless_reading(method)
        return await super().make_batch_request(batch_requests)


def _refuse_unless_reading(method: str) -> None:
    if method not in READ_METHODS:
        allowed = ", ".join(sorted(READ_METHODS))
        raise ReadOnlyViolation(f"expected one of {allowed}, was {str(method)[:40]}: nothing was sent")
