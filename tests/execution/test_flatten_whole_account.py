"""A flatten sees and closes whatever the account holds, by the real client library on loopback venues."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from real_stage import account_on, hurried, real_stage

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderRole, Side, VenueTopic
from cockpit.exchanges.base.allowance import EndpointBudget
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.okx.account import OkxAccount
from cockpit.exchanges.okx.client import ENDPOINT_CALLS
from cockpit.flatten.direct import flatten_directly
from cockpit.flatten.steps import FlattenStep, StepName
from tests.loopback import matching_hands
from tests.loopback.exchange_binance import instrument as binance_row
from tests.loopback.exchange_okx import instrument as okx_row
from tests.loopback.matching_terms import OrderAsked, Position, StopAsked
from tests.loopback.trading_faults import dropped_before, rejected
from tests.venue_pairs import venue_kind

ON_BOTH_PAIRS = True

VENUES = pytest.mark.parametrize("name", ["binance", "okx"])
OTHERS = {
    "binance": {"another quote": "BTCUSDC", "a dated future": "BTCUSDT_271231", "nowhere in the list": "GONEUSDT"},
    "okx": {
        "another quote": "BTC-USDC-SWAP",
        "a dated future": "BTC-USDT-271231",
        "nowhere in the list": "GONE-USDT-SWAP",
    },
}
KINDS_OF_CONTRACT = ["another quote", "a dated future", "nowhere in the list"]


def add_contract(venue: Any, symbol: str) -> None:
    """A contract that trades like BTC's perpetual, at 100."""
    core, like = venue.core, venue.symbol("BTC")
    core.rules[symbol] = core.rules[like]
    core.positions[symbol] = Position(symbol)
    core.leverage[symbol], core.isolated[symbol] = core.leverage[like], core.isolated[like]
    venue.watch.largest[symbol] = Decimal(0)
    core.set_price(symbol, 99.9, 100.0, 100.0)


def is_empty(venue: Any) -> bool:
    return not venue.positions and not venue.open_orders and not venue.algo_orders


async def direct(venue: Any, name: str, config: CockpitConfig) -> tuple[bool, list[FlattenStep]]:
    steps: list[FlattenStep] = []
    account = account_on(venue, name, config)
    return await flatten_directly({name: account}, steps.append, "abc123", hurried()), steps


@VENUES
@pytest.mark.parametrize("kind", KINDS_OF_CONTRACT)
@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.first_pair("its list of contracts and its rows are rewritten from within")
async def test_whatever_kind_of_contract_it_is(shipped_config: CockpitConfig, name: str, kind: str, side: str) -> None:
    async with venue_kind(name)() as venue:
        symbol = OTHERS[name][kind]
        add_contract(venue, symbol)
        matching_hands.trade_by_hand(venue.core, symbol, side, 3)
        back, trigger = ("sell", 90) if side == "buy" else ("buy", 110)
        venue.core.place(OrderAsked(symbol, "buy", "limit", Decimal(1), "web_1", Decimal(50), owner="stranger"))
        venue.core.algos.place(
            StopAsked(symbol, back, "stop", Decimal(trigger), Decimal(3), client_id="web_2", reduce_only=True)
        )
        is_flat, steps = await direct(venue, name, shipped_config)
        assert is_flat and is_empty(venue), steps


@VENUES
@pytest.mark.first_pair("its list of contracts and its rows are rewritten from within")
async def test_through_an_engine_too(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        for symbol in OTHERS[name].values():
            add_contract(stage.venue, symbol)
            matching_hands.trade_by_hand(stage.venue.core, symbol, "buy", 3)
        stage.flatten()
        await stage.until(lambda: stage.flat_reads == 2)
        assert is_empty(stage.venue)


@VENUES
@pytest.mark.first_pair("its list of contracts and its rows are rewritten from within")
async def test_without_the_venues_lists(shipped_config: CockpitConfig, name: str) -> None:
    """The position says its own quantity."""
    async with venue_kind(name)() as venue:
        venue.set_price("ETH", 4_000, 4_000.01)
        venue.trade_by_hand("ETH", "buy", 0.5)
        add_contract(venue, OTHERS[name]["another quote"])
        matching_hands.trade_by_hand(venue.core, OTHERS[name]["another quote"], "sell", 7)
        venue.faults.add(dropped_before(), roles={"public"}, times=None)
        is_flat, steps = await direct(venue, name, shipped_config)
        assert is_flat and is_empty(venue), steps


def odd_instruments(venue: Any, name: str) -> None:
    if name == "okx":
        announced = {
            **okx_row("BTC"),
            "instId": "NEW-USDT-SWAP",
            "state": "preopen",
            "lotSz": "",
            "minSz": "",
            "tickSz": "",
        }
        venue.instruments = [announced, {"instId": None}, {"ctVal": "x"}, *(okx_row(base) for base in venue.bases)]
    else:
        announced = {**binance_row("BTC"), "symbol": "NEWUSDT", "status": "PENDING_TRADING", "filters": []}
        rows = [announced, {"symbol": None}, {"filters": 3}, None, *(binance_row(base) for base in venue.bases)]
        venue.exchange_info = {
            "timezone": "UTC",
            "rateLimits": [],
            "exchangeFilters": [],
            "assets": [],
            "symbols": rows,
        }


@VENUES
@pytest.mark.first_pair("its list of contracts and its rows are rewritten from within")
async def test_odd_rows_in_the_list_of_contracts_lose_no_other(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name, prepare=lambda venue: odd_instruments(venue, name)) as stage:
        assert set((await stage.account.facts()).listed) == {"BTC", "ETH", "SOL", "XRP"}
        stage.venue.trade_by_hand("BTC", "buy", 0.01)
        stage.flatten()
        await stage.until(lambda: stage.flat_reads == 2)
        assert is_empty(stage.venue)


def with_odd_rows(venue: Any, path_end: str, *rows: Any) -> Callable[[], None]:
    """The list that this path answers begins with these rows, until what is returned is called."""
    usual = venue.carry_out
    odd: list[Any] = list(rows)

    def carry_out(call: Any, positions: Mapping[str, Position]) -> Any:
        answer = usual(call, positions)
        if not call.path.endswith(path_end) or call.method != "GET":
            return answer
        return [*odd, *answer] if isinstance(answer, list) else {**answer, "data": [*odd, *answer["data"]]}

    venue.carry_out = carry_out
    return odd.clear


PATHS = {"binance": ("positionRisk", "openOrders"), "okx": ("positions", "orders-pending")}


@VENUES
@pytest.mark.parametrize("which", [0, 1], ids=["positions", "orders"])
@pytest.mark.first_pair("its list of contracts and its rows are rewritten from within")
async def test_a_row_of_the_account_that_cannot_be_read_loses_no_other_and_is_not_flat(
    shipped_config: CockpitConfig, name: str, which: int
) -> None:
    async with venue_kind(name)() as venue:
        venue.set_price("ETH", 4_000, 4_000.01)
        venue.trade_by_hand("ETH", "buy", 0.5)
        with_odd_rows(venue, PATHS[name][which], {"symbol": "ODDUSDT", "instId": "ODD-USDT-SWAP", "positionAmt": "?"})
        is_flat, steps = await direct(venue, name, shipped_config)
        assert not is_flat and not venue.positions
        assert any("a row cannot be read" in step.sentence and "ODD" in step.sentence for step in steps)
        assert all(step.name is not StepName.FLAT for step in steps)


@VENUES
@pytest.mark.first_pair("its list of contracts and its rows are rewritten from within")
async def test_an_engines_flatten_goes_on_until_the_odd_row_is_gone(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.venue.trade_by_hand("BTC", "buy", 0.01)
        mend = with_odd_rows(stage.venue, PATHS[name][0], {"symbol": "ODDUSDT", "instId": "ODD-USDT-SWAP"})
        stage.flatten()
        await stage.until(lambda: any("a row cannot be read" in step for step in stage.steps))
        assert stage.flat_reads == 0
        mend()
        await stage.until(lambda: stage.flat_reads == 2)
        assert is_empty(stage.venue)


@VENUES
@pytest.mark.first_pair("its list of contracts and its rows are rewritten from within")
async def test_beside_what_cannot_be_read_it_is_said_and_no_entry_starts(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        mend = with_odd_rows(stage.venue, PATHS[name][0], {"symbol": "ODDUSDT", "instId": "ODD-USDT-SWAP"})
        await stage.until(lambda: any(word.is_grave and not word.is_over for word in stage.notices(VenueTopic.UNREAD)))
        assert any("a row cannot be read" in word.sentence for word in stage.notices(VenueTopic.NOTE))
        mend()
        await stage.until(lambda: stage.notices(VenueTopic.UNREAD)[-1].is_over)


EXECUTIONS = {"binance": "userTrades", "okx": "fills"}


@VENUES
@pytest.mark.first_pair("its list of contracts and its rows are rewritten from within")
async def test_an_execution_that_cannot_be_read_is_said_once_and_keeps_no_entry_waiting(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        with_odd_rows(stage.venue, EXECUTIONS[name], {"symbol": "BTCUSDT", "instId": "BTC-USDT-SWAP", "fillPx": "?"})
        stage.place("1", Side.LONG, 0.01)
        await stage.until(lambda: stage.filled("1") > 0)
        stage.venue.trade_by_hand("BTC", "sell", 0.01)
        await stage.until(lambda: bool(_not_booked(stage)))
        looks = stage.venue.called("positions")
        await stage.until(lambda: len(stage.venue.called("positions")) > len(looks) + 3)
        assert len(_not_booked(stage)) == 1
        assert not [word for word in stage.notices(VenueTopic.UNREAD) if word.is_grave]


def _not_booked(stage: Any) -> list[str]:
    said = [word.sentence for word in stage.notices(VenueTopic.NOTE)]
    return [sentence for sentence in said if "executions: a row cannot be read" in sentence]


@VENUES
@pytest.mark.parametrize("are_listed", [True, False], ids=["said in the list", "learnt from refusals"])
async def test_a_position_larger_than_one_order_may_be_is_closed_in_pieces(
    shipped_config: CockpitConfig, name: str, are_listed: bool
) -> None:
    async with venue_kind(name)() as venue:
        venue.set_price("XRP", 1.0, 1.0001)
        symbol, units = venue.symbol("XRP"), venue.units("XRP", 1_000)
        matching_hands.trade_by_hand(venue.core, symbol, "buy", float(units))
        most = units / 4 + venue.core.rules[symbol].lot
        venue.core.rules[symbol] = replace(venue.core.rules[symbol], max_market_qty=most)
        if are_listed and name == "okx":
            venue.instruments = [{**okx_row("XRP"), "maxMktSz": str(most)}]
        elif are_listed:
            row = binance_row("XRP")
            filters = [{**one, "maxQty": str(most)} if "MARKET" in one["filterType"] else one for one in row["filters"]]
            venue.exchange_info = {"symbols": [{**row, "filters": filters}]}
        is_flat, steps = await direct(venue, name, shipped_config)
        assert is_flat and is_empty(venue), steps
        assert max(order.qty for order in venue.core.orders.values() if order.owner == "client") <= most
        if are_listed:
            assert len(venue.called("close")) >= 4


@VENUES
async def test_after_the_lot_became_coarser_whole_lots_go_and_the_rest_is_dust(
    shipped_config: CockpitConfig, name: str
) -> None:
    """Where the venue has a way to close what is under a lot it is taken."""
    async with real_stage(shipped_config, name) as stage:
        symbol = stage.venue.symbol("BTC")
        matching_hands.trade_by_hand(stage.venue.core, symbol, "buy", float(stage.venue.units("BTC", 0.014)))
        lot = stage.venue.units("BTC", 0.01)
        stage.venue.core.rules[symbol] = replace(stage.venue.core.rules[symbol], lot=lot, min_qty=lot)
        if name == "okx":
            stage.venue.instruments = [{**okx_row("BTC"), "lotSz": str(lot), "minSz": str(lot)}]
        else:
            row = binance_row("BTC")
            sizes = {"stepSize": "0.01", "minQty": "0.01"}
            filters = [{**one, **sizes} if "LOT" in one["filterType"] else one for one in row["filters"]]
            stage.venue.exchange_info = {"symbols": [{**row, "filters": filters}]}
        stage.flatten()
        if name == "okx":
            await stage.until(lambda: stage.flat_reads == 2)
            assert is_empty(stage.venue)
        else:
            await stage.until(lambda: any("DUST" in step for step in stage.steps))
            assert stage.venue.held("BTC") == pytest.approx(0.004)


ODD_KINDS = ["oco", "trigger", "move_order_stop", "iceberg", "twap", "chase"]


@pytest.mark.parametrize("road", ["engine", "direct"])
async def test_orders_of_every_kind_that_okx_has_are_cancelled_before_flat(
    shipped_config: CockpitConfig, road: str
) -> None:
    async with real_stage(shipped_config, "okx") as stage:
        for kind in ODD_KINDS:
            stage.venue.orders.rest_algo(kind, "BTC-USDT-SWAP")
        if road == "engine":
            stage.flatten()
            await stage.until(lambda: stage.flat_reads == 2)
        else:
            assert (await direct(stage.venue, "okx", shipped_config))[0]
        assert stage.venue.orders.resting_algos == {}


async def test_a_kind_that_okx_does_not_know_is_no_obstacle(shipped_config: CockpitConfig) -> None:
    async with venue_kind("okx")() as venue:
        venue.orders.unknown_kinds = {"chase"}
        venue.orders.rest_algo("twap", "BTC-USDT-SWAP")
        assert (await direct(venue, "okx", shipped_config))[0]
        assert venue.orders.resting_algos == {}


async def test_what_the_usual_door_does_not_cancel_the_other_does(shipped_config: CockpitConfig) -> None:
    async with venue_kind("okx")() as venue:
        venue.orders.rest_algo("iceberg", "BTC-USDT-SWAP")
        venue.faults.add(rejected("51000"), roles={"cancel_stop"}, times=None)
        assert (await direct(venue, "okx", shipped_config))[0]
        assert venue.orders.resting_algos == {}


async def test_a_stop_off_the_grid_of_today_is_laid_again_on_it(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config, "binance") as stage:
        symbol = stage.venue.symbol("BTC")
        stage.venue.core.rules[symbol] = replace(stage.venue.core.rules[symbol], tick=Decimal(50))
        row = binance_row("BTC")
        filters = [{**one, "tickSize": "50"} if "PRICE_F" in one["filterType"] else one for one in row["filters"]]
        stage.venue.exchange_info = {"symbols": [{**row, "filters": filters}]}
        stage.venue.trade_by_hand("BTC", "buy", 0.01)
        stage.place("t000001s2", Side.SHORT, 0.01, OrderRole.STOP, trigger=99_012.3)
        await stage.until(lambda: "OrderAccepted" in stage.of("t000001s2"))
        (resting,) = stage.venue.algo_orders
        assert resting.asked.trigger == 99_000


CALLS_IN_2_S = {"orders-algo-pending": 20, "cancel-algos": 20, "account/positions": 10, "orders-pending": 60}


def most_in_a_window(venue: Any, path_end: str, window_ns: int = 2_000_000_000) -> int:
    """The most calls of that endpoint that arrived within any two seconds."""
    arrived = [call.arrived_ns for call in venue.calls if call.path.endswith(path_end)]
    return max((sum(at <= other < at + window_ns for other in arrived) for at in arrived), default=0)


@pytest.mark.parametrize("road", ["engine", "direct"])
async def test_okx_is_asked_no_more_often_than_it_may_be(shipped_config: CockpitConfig, road: str) -> None:
    """At the pace of the world: with more stops than may be cancelled in one go, and a look every fifth of a second."""
    async with real_stage(shipped_config, "okx", factor=1.0) as stage:
        account: Any = stage.account
        account.budget.window_s = OkxAccount.endpoint_window_s
        account.timing = account.budget._timing = Timing()
        stage.venue.trade_by_hand("BTC", "buy", 0.01)
        for number in range(25):
            stage.venue.orders.rest_algo(ODD_KINDS[number % len(ODD_KINDS)], "BTC-USDT-SWAP")
        stage.venue.calls.clear()
        if road == "engine":
            stage.flatten()
            await stage.until(lambda: stage.flat_reads == 2)
        else:
            direct_account: Any = account_on(stage.venue, "okx", shipped_config)
            direct_account.budget = EndpointBudget(ENDPOINT_CALLS, OkxAccount.endpoint_window_s, Timing())
            assert await flatten_directly({"okx": direct_account}, lambda step: None, "abc123", Timing())
        assert is_empty(stage.venue)
        for path_end, most in CALLS_IN_2_S.items():
            assert most_in_a_window(stage.venue, path_end) <= most, path_end
