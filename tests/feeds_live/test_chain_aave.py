"""The health factor from Aave's real v3 contracts on a local node: what it says, and what is unknown."""

from collections.abc import Callable
from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FeedHealth, HealthFactor
from cockpit.domain.kinds import FeedState, Reading
from cockpit.domain.units import NS_PER_S
from tests.feeds_live.aave_rig import AaveRig
from tests.loopback.aave_market import AaveMarketOnAnvil
from tests.loopback.anvil import Anvil
from tests.loopback.rpc_proxy import CANARY
from tests.loopback.site import Reply

Distort = Callable[[str, list[Any], Any], Any]

READS = {"eth_chainId", "eth_getBlockByNumber", "eth_call"}
ACCOUNT_DATA = "0xbf92857c"


@pytest.fixture
def rig(shipped_config: CockpitConfig, anvil: Anvil, aave_market: AaveMarketOnAnvil) -> Callable[..., AaveRig]:
    return lambda *args, **kwargs: AaveRig(shipped_config, anvil, aave_market, *args, **kwargs)


@pytest.mark.parametrize(
    ("weth_usd", "health_factor"),
    [(3000, 2.5), (2641, 2.200833), (2640, 2.2), (2639, 2.199167), (2400, 2.0), (2399, 1.999167), (1199, 0.999167)],
)
async def test_the_health_factor_follows_the_oracles_price(
    rig: Callable[..., AaveRig], weth_usd: float, health_factor: float
) -> None:
    async with rig() as one:
        one.price(weth_usd)
        [reading] = await one.readings()
    assert reading.value == pytest.approx(health_factor, abs=1e-6)
    assert (reading.collateral_usd, reading.debt_usd) == (weth_usd * 10, 9_960.0)
    assert not reading.no_debt


async def test_a_reading_is_stamped_with_its_block_and_named_by_its_host(rig: Callable[..., AaveRig]) -> None:
    async with rig() as one:
        one.price(2_800)
        [reading] = await one.readings()
        assert reading.source == one.labels()[0]
        assert reading.ts_ns == (int(one.time.now_s) - 12) * NS_PER_S


async def test_the_call_is_pinned_one_block_under_the_head(rig: Callable[..., AaveRig]) -> None:
    async with rig() as one:
        one.price(2_800)
        one.node.mine_at(int(one.time.now_s) + 1)
        one.market.price_weth(2_000)
        one.time.at(one.time.now_s + 1)
        [reading] = await one.readings()
    assert reading.value == pytest.approx(2_800 * 10 * 0.83 / 9_960)


async def test_no_debt_is_no_debt_and_not_a_huge_number(
    rig: Callable[..., AaveRig], aave_market: AaveMarketOnAnvil
) -> None:
    for address, collateral_usd in ((aave_market.no_debt, 6_000.0), (aave_market.nobody, 0.0)):
        async with rig(address=address) as one:
            [reading] = await one.readings()
        assert reading.no_debt
        assert reading.value is None
        assert (reading.collateral_usd, reading.debt_usd) == (collateral_usd, 0.0)


async def test_an_oracle_without_a_price_makes_it_unknown(rig: Callable[..., AaveRig]) -> None:
    async with rig() as one:
        one.price(0)
        events = await one.round()
    [reading] = [event for event in events if isinstance(event, HealthFactor)]
    assert reading.value is None and not reading.no_debt
    assert reading.detail == f"{one.labels()[0]}: the contract refused the call: an oracle may have no price"
    [word] = [event for event in events if isinstance(event, FeedHealth)]
    assert (word.reading, word.source, word.state) == (Reading.HEALTH_FACTOR, one.labels()[0], FeedState.DOWN)


async def test_only_reads_arrive_at_the_node(rig: Callable[..., AaveRig]) -> None:
    async with rig() as one:
        await one.round()
        one.price(2_700)
        await one.round()
        assert set(one.proxies[0].methods) == READS


async def test_the_split_by_asset_comes_with_the_next_reading(rig: Callable[..., AaveRig]) -> None:
    async with rig() as one:
        one.market.supply_usdc(15_000)
        one.price(3_000, later_s=60)
        await one.round()
        [reading] = await one.readings()
    held = {entry.symbol: entry for entry in reading.exposures}
    assert (held["WETH"].collateral_usd, held["WETH"].debt_usd, held["WETH"].threshold) == (30_000.0, 0.0, 0.83)
    assert held["USDC"].collateral_usd == pytest.approx(15_000.0)
    assert held["USDC"].debt_usd == pytest.approx(9_960.0)
    assert reading.value == pytest.approx((30_000 * 0.83 + 15_000 * 0.8) / 9_960, rel=2e-4)


FAULTS = [
    ("429", Reply("slow down", 429, {"Retry-After": "90"}), "HTTP 429, asked too often, try again in 90 s"),
    ("500", Reply("oops", 500), "HTTP 500, the server is in trouble"),
    ("stalled", Reply(fault="stall"), "no answer within 0.3 s"),
    ("cut", Reply(fault="abort"), "no connection (ServerDisconnectedError)"),
    ("truncated", Reply({"jsonrpc": "2.0", "id": 1, "result": "0x1"}, fault="truncate"), "no connection"),
    ("html", Reply("<html>login</html>"), "expected JSON, was something else"),
    ("redirect", Reply("", 302, {"Location": "http://127.0.0.1:1/"}), "expected JSON, was something else"),
    ("empty", Reply(""), "expected JSON, was something else"),
    ("nested too deep", Reply("[" * 100_000), "expected JSON, was something else"),
    ("a list", Reply([]), "expected a JSON-RPC answer, was something else"),
    ("null", Reply({"jsonrpc": "2.0", "id": 1, "result": None}), "expected a hexadecimal number, was NoneType"),
    (
        "refused with the key in it",
        Reply({"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": f"key {CANARY} over its limit"}}),
        "asked too often (JSON-RPC -32005): key *** over its limit",
    ),
]


@pytest.mark.parametrize(("fault", "words"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
async def test_a_fault_makes_it_unknown_with_the_reason_in_words(
    rig: Callable[..., AaveRig], fault: Reply, words: str
) -> None:
    async with rig(**({"rpc_timeout_s": 0.3} if fault.fault == "stall" else {})) as one:
        one.proxies[0].fault = fault
        events = await one.round()
    [reading] = [event for event in events if isinstance(event, HealthFactor)]
    assert reading.value is None and not reading.no_debt
    assert words in reading.detail
    [word] = [event for event in events if isinstance(event, FeedHealth)]
    assert word.state is FeedState.DOWN and words in word.detail
    assert CANARY not in repr(events)


async def test_a_killed_node_is_seen_and_its_return_too(rig: Callable[..., AaveRig]) -> None:
    async with rig() as one:
        await one.round()
        await one.proxies[0].stop()
        one.price(3_000)
        [down] = await one.health()
        assert "no connection" in down.detail
        await one.proxies[0].start()
        one.price(3_000)
        events = await one.round()
        assert [type(event) for event in events] == [FeedHealth, HealthFactor]
        assert (events[0].state, events[1].value) == (FeedState.FRESH, 2.5)


async def test_a_failing_node_is_left_alone_for_longer_and_longer(rig: Callable[..., AaveRig]) -> None:
    async with rig() as one:
        [proxy] = one.proxies
        proxy.fault = Reply("oops", 500)
        asked_at = []
        for second in range(0, 421, 30):
            before = len(proxy.methods)
            await one.round()
            if len(proxy.methods) > before:
                asked_at.append(second)
            one.time.at(one.time.now_s + 30)
        assert asked_at == [0, 30, 90, 210, 330]


async def test_retry_after_is_respected(rig: Callable[..., AaveRig]) -> None:
    async with rig() as one:
        [proxy] = one.proxies
        proxy.fault = Reply("slow down", 429, {"Retry-After": "100"})
        await one.round()
        proxy.fault = None
        asked = len(proxy.methods)
        one.price(3_000, later_s=90)
        [reading] = await one.readings()
        assert len(proxy.methods) == asked
        assert "try again in 100 s; asked again in 10 s" in reading.detail
        one.price(3_000, later_s=15)
        assert [reading.value for reading in await one.readings()] == [2.5]


async def test_a_node_on_another_chain_is_never_believed(rig: Callable[..., AaveRig]) -> None:
    async with rig() as one:
        one.proxies[0].distort = lambda method, params, result: "0x1" if method == "eth_chainId" else result
        [reading] = await one.readings()
    assert reading.detail.endswith("wrong chain: expected 31337 (local), was 1")


async def test_a_pool_the_provider_does_not_name_is_never_asked(
    rig: Callable[..., AaveRig], aave_market: AaveMarketOnAnvil
) -> None:
    async with rig() as one:
        one.proxies[0].distort = _with_account("0x" + "00" * 12 + "11" * 20, only_to=aave_market.addresses_provider)
        [reading] = await one.readings()
    assert "wrong pool: expected" in reading.detail
    assert ACCOUNT_DATA not in repr(one.proxies[0].asked)


@pytest.mark.parametrize(
    ("moved_s", "words"),
    [(61, "stale head: block"), (600, "is 600 s old, limit 60 s"), (-20, "is 20 s ahead of our clock")],
)
async def test_a_head_that_is_not_of_now_is_not_believed(
    rig: Callable[..., AaveRig], moved_s: float, words: str
) -> None:
    async with rig() as one:
        one.time.at(one.time.now_s + moved_s)
        [reading] = await one.readings()
    assert reading.value is None
    assert words in reading.detail


async def test_a_head_that_goes_back_is_another_nodes(rig: Callable[..., AaveRig]) -> None:
    async with rig() as one:
        one.price(3_000)
        await one.round()
        one.proxies[0].distort = _older_head
        [reading] = await one.readings()
    assert "head went back" in reading.detail


async def test_a_health_factor_that_its_totals_do_not_make_is_unknown(rig: Callable[..., AaveRig]) -> None:
    async with rig() as one:
        one.proxies[0].distort = _healthier
        [reading] = await one.readings()
    assert "health factor 9.0000 does not follow from its totals: these make 2.5000" in reading.detail


class TestSeveralRpcs:
    async def test_both_agree_and_each_is_a_source(self, rig: Callable[..., AaveRig]) -> None:
        async with rig(2) as two:
            two.price(2_399)
            readings = await two.readings()
            assert [reading.source for reading in readings] == two.labels()
            assert [reading.value for reading in readings] == [pytest.approx(1.999167, abs=1e-6)] * 2

    async def test_one_of_two_dead_is_not_enough_to_call_it_healthy(self, rig: Callable[..., AaveRig]) -> None:
        async with rig(2) as two:
            two.proxies[1].fault = Reply(fault="abort")
            [reading] = await two.readings()
            assert reading.value is None
            assert "1 of 2 RPCs answered (2.5000), expected 2 that agree" in reading.detail
            assert f"{two.labels()[1]}: no connection" in reading.detail

    async def test_one_of_two_dead_is_enough_to_raise_the_alarm(self, rig: Callable[..., AaveRig]) -> None:
        async with rig(2) as two:
            two.proxies[1].fault = Reply(fault="abort")
            two.price(2_399)
            [reading] = await two.readings()
            assert reading.source == two.labels()[0]
            assert reading.value == pytest.approx(1.999167, abs=1e-6)

    async def test_a_quorum_of_one_takes_whoever_answers(self, rig: Callable[..., AaveRig]) -> None:
        async with rig(2, quorum=1) as two:
            two.proxies[1].fault = Reply(fault="abort")
            assert [reading.value for reading in await two.readings()] == [2.5]

    async def test_two_that_disagree_make_it_unknown(self, rig: Callable[..., AaveRig]) -> None:
        async with rig(2) as two:
            two.proxies[1].distort = _poorer
            [reading] = await two.readings()
            assert reading.value is None
            first, second = two.labels()
            assert f"{first} 2.5000, {second} 1.2500" in reading.detail

    async def test_two_of_three_outvote_a_liar(self, rig: Callable[..., AaveRig]) -> None:
        async with rig(3) as three:
            three.proxies[0].distort = _poorer
            events = await three.round()
            readings = [event for event in events if isinstance(event, HealthFactor)]
            assert [reading.source for reading in readings] == three.labels()[1:]
            [word] = [event for event in events if isinstance(event, FeedHealth)]
            assert word.source == three.labels()[0]
            assert word.detail == "outvoted: 1.2500 against 2.5000 of 2 other RPCs"

    async def test_a_stale_one_of_three_is_left_out(self, rig: Callable[..., AaveRig]) -> None:
        async with rig(3) as three:
            three.price(3_000, later_s=120)
            three.proxies[2].distort = _older_head
            events = await three.round()
            readings = [event for event in events if isinstance(event, HealthFactor)]
            assert [reading.value for reading in readings] == [2.5, 2.5]
            [word] = [event for event in events if isinstance(event, FeedHealth)]
            assert word.detail.startswith("stale head")

    async def test_another_block_under_the_same_number_is_no_agreement(self, rig: Callable[..., AaveRig]) -> None:
        async with rig(2) as two:
            two.proxies[1].distort = _other_hash
            [reading] = await two.readings()
            assert reading.detail.endswith("(different blocks)")

    async def test_a_node_that_comes_back_says_so(self, rig: Callable[..., AaveRig]) -> None:
        async with rig(2) as two:
            two.proxies[1].fault = Reply("oops", 503)
            await two.round()
            two.proxies[1].fault = None
            two.price(3_000, later_s=60)
            [word] = await two.health()
            assert (word.source, word.state, word.detail) == (two.labels()[1], FeedState.FRESH, "")


def _older_head(method: str, params: list[Any], result: Any) -> Any:
    """The newest block is told to be an old one."""
    if method == "eth_getBlockByNumber" and params[0] == "latest":
        return {**result, "number": hex(int(result["number"], 16) - 5), "timestamp": hex(1_760_874_001)}
    return result


def _other_hash(method: str, params: list[Any], result: Any) -> Any:
    return {**result, "hash": "0x" + "ab" * 32} if method == "eth_getBlockByNumber" else result


def _is_account_data(method: str, params: list[Any]) -> bool:
    return method == "eth_call" and str(params[0].get("data", "")).startswith(ACCOUNT_DATA)


def _slots(result: str) -> list[int]:
    return [int(result[at : at + 64], 16) for at in range(2, len(result), 64)]


def _hex(words: list[int]) -> str:
    return "0x" + "".join(f"{word:064x}" for word in words)


def _healthier(method: str, params: list[Any], result: Any) -> Any:
    """Only the health factor is told wrong."""
    return _hex([*_slots(result)[:5], 9 * 10**18]) if _is_account_data(method, params) else result


def _poorer(method: str, params: list[Any], result: Any) -> Any:
    """Half the collateral and half the health factor: a lie that adds up."""
    if not _is_account_data(method, params):
        return result
    words = _slots(result)
    return _hex([words[0] // 2, *words[1:5], words[5] // 2])


def _with_account(told: str, only_to: str) -> Distort:
    def distort(method: str, params: list[Any], result: Any) -> Any:
        is_it = method == "eth_call" and str(params[0].get("to", "")).lower() == only_to.lower()
        return told if is_it else result

    return distort
