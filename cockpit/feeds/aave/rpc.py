"""One RPC node: its head, a block by number, and what Aave says of an account at a pinned block.

Importing this module imports web3: do it in a thread. Every failure is a `FeedTrouble` in words of our own, because
what the libraries say holds the URL and with it the key.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import aiohttp

from cockpit.domain.events import AaveExposure
from cockpit.exchanges.base.allowance import retry_after_s
from cockpit.exchanges.base.masking import masked, secrets_of
from cockpit.exchanges.base.timing import Clock
from cockpit.exchanges.base.trouble import FeedTrouble, http_trouble
from cockpit.feeds.aave.account import BASE_UNITS_PER_USD, BPS, AccountData
from cockpit.feeds.aave.markets import AaveMarket
from cockpit.feeds.aave.recursion import recursion_limit_kept

with recursion_limit_kept():
    from web3 import AsyncHTTPProvider, AsyncWeb3
    from web3.exceptions import BadFunctionCallOutput, ContractLogicError, Web3Exception, Web3RPCError
    from web3.types import RPCEndpoint, RPCResponse

# The provider can only read. Five methods leave it; everything else is refused before a byte is sent.

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


# The view functions of Aave v3 that are called, and nothing else of its ABI.


def _view(name: str, takes: Sequence[str], returns: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "function",
        "stateMutability": "view",
        "name": name,
        "inputs": [{"name": f"in{number}", "type": kind} for number, kind in enumerate(takes)],
        "outputs": [{"name": f"out{number}", "type": kind} for number, kind in enumerate(returns)],
    }


ADDRESSES_PROVIDER = [
    _view("getPool", (), ("address",)),
    _view("getPriceOracle", (), ("address",)),
    _view("getPoolDataProvider", (), ("address",)),
]
POOL = [_view("getUserAccountData", ("address",), ("uint256",) * 6)]
ORACLE = [
    _view("BASE_CURRENCY_UNIT", (), ("uint256",)),
    _view("getAssetsPrices", ("address[]",), ("uint256[]",)),
]
DATA_PROVIDER = [
    {
        "type": "function",
        "stateMutability": "view",
        "name": "getAllReservesTokens",
        "inputs": [],
        "outputs": [
            {
                "name": "tokens",
                "type": "tuple[]",
                "components": [{"name": "symbol", "type": "string"}, {"name": "token", "type": "address"}],
            }
        ],
    },
    _view(
        "getUserReserveData",
        ("address", "address"),
        ("uint256", "uint256", "uint256", "uint256", "uint256", "uint256", "uint256", "uint40", "bool"),
    ),
    _view(
        "getReserveConfigurationData",
        ("address",),
        ("uint256", "uint256", "uint256", "uint256", "uint256", "bool", "bool", "bool", "bool", "bool"),
    ),
]


AT_ONCE = 4
RATE_LIMITED = (-32005, -32029, 429)


class Block(NamedTuple):
    """A block's number, hash and time stamp."""

    number: int
    hash: str
    timestamp_s: int


class AaveRpc:
    """Reads one market through one node. `label` is what may be shown of it."""

    def __init__(self, label: str, url: str, timeout_s: float, market: AaveMarket, clock: Clock) -> None:
        self._clock = clock
        self.label = label
        self._secrets = secrets_of(url)
        self._timeout_s = timeout_s
        self._market = market
        self._provider = ReadOnlyProvider(url, timeout_s)
        # No middleware: the default one asks for the chain id before and after each call.
        self._web3: AsyncWeb3[Any] = AsyncWeb3(self._provider, middleware=[])
        self._pool = self._contract(market.pool, POOL)

    async def close(self) -> None:
        await self._provider.disconnect()

    async def verify(self) -> None:
        """Check that this is the right chain, the right pool and an oracle in USD. Raises `FeedTrouble` where not."""
        chain_id = _number(await self._ask("eth_chainId", []))
        if chain_id != self._market.chain_id:
            raise FeedTrouble(f"wrong chain: expected {self._market.chain_id} ({self._market.chain}), was {chain_id}")
        provider = self._contract(self._market.addresses_provider, ADDRESSES_PROVIDER)
        pool = str(await self._call(provider.functions.getPool()))
        if pool.lower() != self._market.pool.lower():
            raise FeedTrouble(f"wrong pool: expected {self._market.pool}, the addresses provider says {pool}")
        oracle = self._contract(str(await self._call(provider.functions.getPriceOracle())), ORACLE)
        unit = int(await self._call(oracle.functions.BASE_CURRENCY_UNIT()))
        if unit != BASE_UNITS_PER_USD:
            raise FeedTrouble(f"expected an oracle with {BASE_UNITS_PER_USD} units a USD, was {unit}")

    async def block(self, number: int | None = None) -> Block:
        """A block, or the newest one. Raises `FeedTrouble`."""
        at = "latest" if number is None else hex(number)
        raw = await self._ask("eth_getBlockByNumber", [at, False])
        if not isinstance(raw, dict):
            raise FeedTrouble(f"has no block {at if number is None else number}")
        try:
            block = Block(_number(raw["number"]), str(raw["hash"]), _number(raw["timestamp"]))
        except KeyError:
            raise FeedTrouble("expected a block with number, hash and timestamp, was something else") from None
        if number is not None and block.number != number:
            raise FeedTrouble(f"expected block {number}, was {block.number}")
        return block

    async def account(self, user: str, number: int) -> AccountData:
        """The account at that block. Raises `FeedTrouble`, also where an oracle has no price."""
        user = self._web3.to_checksum_address(user)
        values: Sequence[int] = await self._call(self._pool.functions.getUserAccountData(user), number)
        return AccountData(*(int(value) for value in values))

    async def exposures(self, user: str, number: int) -> tuple[AaveExposure, ...]:
        """The account split by asset at that block, as the main market's thresholds weigh it. Raises `FeedTrouble`."""
        user = self._web3.to_checksum_address(user)
        provider = self._contract(self._market.addresses_provider, ADDRESSES_PROVIDER)
        oracle = self._contract(str(await self._call(provider.functions.getPriceOracle(), number)), ORACLE)
        address = str(await self._call(provider.functions.getPoolDataProvider(), number))
        data = self._contract(address, DATA_PROVIDER)
        gate = asyncio.Semaphore(AT_ONCE)

        async def of(symbol: str, token: str) -> AaveExposure | None:
            async with gate:
                held = await self._call(data.functions.getUserReserveData(token, user), number)
                collateral, debt = (int(held[0]) if held[8] else 0), int(held[1]) + int(held[2])
                if not collateral and not debt:
                    return None
                rules = await self._call(data.functions.getReserveConfigurationData(token), number)
                prices = await self._call(oracle.functions.getAssetsPrices([token]), number)
            usd = int(prices[0]) / BASE_UNITS_PER_USD / 10 ** int(rules[0])
            return AaveExposure(str(symbol), collateral * usd, debt * usd, int(rules[2]) / BPS)

        tokens = await self._call(data.functions.getAllReservesTokens(), number)
        found = await asyncio.gather(*(of(symbol, token) for symbol, token in tokens))
        return tuple(exposure for exposure in found if exposure is not None)

    def _contract(self, address: str, abi: list[dict[str, Any]]) -> Any:
        return self._web3.eth.contract(address=self._web3.to_checksum_address(address), abi=abi)

    async def _call(self, function: Any, number: int | None = None) -> Any:
        try:
            return await function.call(block_identifier="latest" if number is None else number)
        except Exception as error:
            raise self._trouble(error) from None

    async def _ask(self, method: str, params: list[Any]) -> Any:
        try:
            answer = await self._provider.make_request(RPCEndpoint(method), params)
        except Exception as error:
            raise self._trouble(error) from None
        if not isinstance(answer, dict):
            raise FeedTrouble("expected a JSON-RPC answer, was something else")
        refusal = answer.get("error")
        if refusal is not None:
            raise self._refused(refusal)
        return answer.get("result")

    def _refused(self, refusal: Any) -> FeedTrouble:
        code = refusal.get("code") if isinstance(refusal, dict) else None
        said = str(refusal.get("message", "")) if isinstance(refusal, dict) else str(refusal)
        what = "asked too often" if code in RATE_LIMITED else "the node refused"
        return FeedTrouble(f"{what} (JSON-RPC {code}): {masked(said, self._secrets)}")

    def _trouble(self, error: Exception) -> FeedTrouble:
        """A library's exception in our words."""
        if isinstance(error, FeedTrouble):
            return error
        if isinstance(error, aiohttp.ClientResponseError):
            header = error.headers.get("Retry-After") if error.headers else None
            return http_trouble(error.status, retry_after_s(header, self._clock()))
        if isinstance(error, TimeoutError):
            return FeedTrouble(f"no answer within {self._timeout_s:g} s")
        if isinstance(error, aiohttp.ClientError):
            return FeedTrouble(f"no connection ({type(error).__name__})")
        if isinstance(error, ContractLogicError):
            return FeedTrouble("the contract refused the call: an oracle may have no price")
        if isinstance(error, BadFunctionCallOutput):
            return FeedTrouble("the contract's answer is too short: is it there on this chain?")
        if isinstance(error, Web3RPCError):
            response = error.rpc_response if isinstance(error.rpc_response, dict) else {}
            return self._refused(response.get("error") or {"code": None, "message": str(error)})
        if isinstance(error, json.JSONDecodeError | RecursionError):
            return FeedTrouble("expected JSON, was something else")
        if isinstance(error, Web3Exception | ValueError | TypeError):
            return FeedTrouble(f"an answer that makes no sense ({type(error).__name__})")
        return FeedTrouble(f"failed ({type(error).__name__})")


def _number(text: Any) -> int:
    """A hexadecimal quantity of JSON-RPC."""
    try:
        return int(text, 16)
    except (TypeError, ValueError):
        raise FeedTrouble(f"expected a hexadecimal number, was {type(text).__name__}") from None
