"""The watched wallet's provider can read and nothing else: five methods leave it, whatever is asked and however."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from cockpit.feeds.aave.recursion import recursion_limit_kept
from cockpit.feeds.aave.rpc import READ_METHODS, ReadOnlyProvider, ReadOnlyViolation
from tests.loopback.site import Asked, LoopbackSite, Reply

with recursion_limit_kept():
    from web3 import AsyncWeb3
    from web3._utils.rpc_abi import RPC
    from web3.types import RPCEndpoint

ADDRESS = "0x" + "12" * 20
FIVE = {"eth_call", "eth_blockNumber", "eth_chainId", "eth_getBlockByNumber", "net_version"}
OTHERS = [
    "eth_sendRawTransaction",
    "eth_sendTransaction",
    "eth_sign",
    "eth_signTransaction",
    "eth_signTypedData",
    "eth_signTypedData_v4",
    "eth_accounts",
    "eth_requestAccounts",
    "eth_getLogs",
    "eth_getBalance",
    "eth_subscribe",
    "eth_submitWork",
    "eth_estimateGas",
    "eth_createAccessList",
    "eth_simulateV1",
    "personal_sign",
    "personal_unlockAccount",
    "personal_sendTransaction",
    "personal_importRawKey",
    "wallet_addEthereumChain",
    "wallet_sendCalls",
    "debug_traceCall",
    "txpool_content",
    "admin_addPeer",
    "miner_start",
    "engine_newPayloadV3",
    "web3_clientVersion",
    "anvil_setBalance",
    "anvil_impersonateAccount",
    "evm_mine",
    "hardhat_setStorageAt",
    "ETH_CALL",
    " eth_call",
    "eth_call ",
    "",
]

Rig = tuple[ReadOnlyProvider, LoopbackSite]


def _answer(asked: Asked) -> Reply:
    if isinstance(asked.json, list):
        return Reply([{"jsonrpc": "2.0", "id": call["id"], "result": "0x1"} for call in asked.json])
    told = {"number": "0x1", "gasPrice": "0x1"} if asked.json["method"] == "eth_getBlockByNumber" else "0x1"
    return Reply({"jsonrpc": "2.0", "id": asked.json["id"], "result": told})


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with LoopbackSite(_answer) as site:
        provider = ReadOnlyProvider(site.url, timeout_s=2.0)
        yield provider, site
        await provider.disconnect()


def test_there_are_five() -> None:
    assert READ_METHODS == FIVE


@pytest.mark.parametrize("method", sorted(FIVE))
async def test_reading_passes(rig: Rig, method: str) -> None:
    provider, site = rig
    assert (await provider.make_request(RPCEndpoint(method), []))["result"]
    assert [asked.json["method"] for asked in site.asked] == [method]


@pytest.mark.parametrize("method", OTHERS)
async def test_nothing_else_leaves(rig: Rig, method: str) -> None:
    provider, site = rig
    with pytest.raises(ReadOnlyViolation, match="nothing was sent"):
        await provider.make_request(RPCEndpoint(method), [])
    with pytest.raises(ReadOnlyViolation):
        await provider.make_batch_request([(RPCEndpoint("eth_chainId"), []), (RPCEndpoint(method), [])])
    with pytest.raises(ReadOnlyViolation):
        provider.encode_rpc_request(RPCEndpoint(method), [])
    with pytest.raises(ReadOnlyViolation):
        provider.encode_batch_rpc_request([(RPCEndpoint(method), [])])
    assert site.asked == []


async def test_a_batch_of_reads_passes(rig: Rig) -> None:
    provider, site = rig
    answers = await provider.make_batch_request([(RPCEndpoint("eth_chainId"), []), (RPCEndpoint("net_version"), [])])
    assert len(answers) == 2
    assert len(site.asked) == 1


WAYS: dict[str, Callable[[AsyncWeb3[Any]], Awaitable[Any]]] = {
    "send_transaction": lambda web3: web3.eth.send_transaction({"to": ADDRESS, "value": 1}),
    "send_raw_transaction": lambda web3: web3.eth.send_raw_transaction(b"\x01"),
    "sign": lambda web3: web3.eth.sign(ADDRESS, text="x"),
    "sign_transaction": lambda web3: web3.eth.sign_transaction({"to": ADDRESS, "value": 1}),
    "sign_typed_data": lambda web3: web3.eth.sign_typed_data(ADDRESS, {}),
    "replace_transaction": lambda web3: web3.eth.replace_transaction("0x" + "00" * 32, {"to": ADDRESS}),
    "accounts": lambda web3: web3.eth.accounts,
    "get_logs": lambda web3: web3.eth.get_logs({}),
    "get_balance": lambda web3: web3.eth.get_balance(ADDRESS),
    "client_version": lambda web3: web3.client_version,
    "is_connected": lambda web3: web3.is_connected(show_traceback=True),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("middleware", [None, []], ids=["default middleware", "no middleware"])
async def test_no_way_through_web3_gets_past_it(rig: Rig, way: str, middleware: list[Any] | None) -> None:
    provider, site = rig
    web3 = AsyncWeb3(provider) if middleware is None else AsyncWeb3(provider, middleware=[])
    with pytest.raises(ReadOnlyViolation):
        await WAYS[way](web3)
    assert {asked.json["method"] for asked in site.asked} <= FIVE


async def test_the_middleware_cannot_be_cleared_away(rig: Rig) -> None:
    provider, site = rig
    web3 = AsyncWeb3(provider)
    web3.middleware_onion.clear()
    with pytest.raises(ReadOnlyViolation):
        await web3.manager.coro_request(RPCEndpoint("eth_sendRawTransaction"), ["0x01"])
    assert site.asked == []


async def test_it_neither_retries_nor_follows(rig: Rig) -> None:
    provider, site = rig
    site.answer = lambda asked: Reply("", 307, {"Location": f"{site.url}/elsewhere"})
    with pytest.raises(ValueError, match="Expecting value"):
        await provider.make_request(RPCEndpoint("eth_chainId"), [])
    assert [asked.path for asked in site.asked] == ["/"]
    assert provider.exception_retry_configuration is None
    assert provider.global_ccip_read_enabled is False


def test_its_text_does_not_hold_the_address() -> None:
    assert "SECRET" not in str(ReadOnlyProvider("https://rpc.example/v2/SECRET", timeout_s=1.0))


async def test_of_every_method_the_library_knows_only_reading_leaves(rig: Rig) -> None:
    provider, site = rig
    known = {str(method) for name, method in vars(RPC).items() if not name.startswith("_")}
    assert len(known) > 60 and {"eth_sendRawTransaction", "eth_sign", "eth_sendTransaction"} <= known
    for method in sorted(known - FIVE):
        with pytest.raises(ReadOnlyViolation):
            await provider.make_request(RPCEndpoint(method), [])
    for method in sorted(known & FIVE):
        await provider.make_request(RPCEndpoint(method), [])
    assert {asked.json["method"] for asked in site.asked} == known & FIVE
