"""The Bybit account keeps the contract, and what is Bybit's own."""

from typing import Any, ClassVar

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderStatus
from cockpit.exchanges.base.account import KeysLost, RefusalKind, Refused
from cockpit.exchanges.base.fence import FencedOff
from tests.execution.account_contract import AccountContract
from tests.execution.account_stage import AccountStage, account_stage, close, entry, stop, target, with_venue
from tests.execution.account_stream_contract import AccountStreamContract
from tests.loopback.trading_faults import answered, rejected

ID = "ckaaaaaat000001"
ELSEWHERE = {
    ("linear", "USDC"): "BTCPERP",
    ("inverse", ""): "BTCUSD",
    ("option", ""): "BTC-26DEC25-90000-C",
}


@pytest.fixture(scope="session")
def shipped_config(shipped_config: CockpitConfig) -> CockpitConfig:
    return with_venue(shipped_config, "bybit")


def position_elsewhere(symbol: str) -> dict[str, Any]:
    return {
        "positionIdx": 0, "symbol": symbol, "side": "Buy", "size": "1000", "avgPrice": "50000", "positionValue": "1",
        "leverage": "10", "markPrice": "100000", "updatedTime": "1697673700112",
    }  # fmt: skip


def order_elsewhere(symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol, "orderId": f"o-{symbol}", "orderLinkId": "", "side": "Sell", "orderType": "Limit",
        "price": "120000", "qty": "10", "orderStatus": "New", "cumExecQty": "0", "avgPrice": "", "positionIdx": 0,
        "reduceOnly": False, "closeOnTrigger": False, "triggerPrice": "", "updatedTime": "1", "createdTime": "1",
    }  # fmt: skip


class TestBybitAccount(AccountContract):
    name = "bybit"
    reserves = False

    async def test_a_key_that_can_move_money_out_is_told(self, stage: AccountStage) -> None:
        stage.venue.rights["permissions"]["Wallet"] = ["AccountTransfer", "SubMemberTransferList", "Withdraw"]
        stage.venue.rights["permissions"]["FiatBybitPay"] = ["FaitPayOrder"]
        assert (await stage.account.facts()).dangerous_permissions == ("AccountTransfer", "Withdraw", "FaitPayOrder")

    async def test_a_key_that_may_only_read_cannot_trade(self, stage: AccountStage) -> None:
        stage.venue.rights["readOnly"] = 1
        assert not (await stage.account.facts()).can_trade

    async def test_a_classic_account_is_refused_in_words(self, stage: AccountStage) -> None:
        stage.venue.unified_status = 1
        with pytest.raises(Refused, match="expected a unified account, was a classic one"):
            await stage.account.facts()

    async def test_the_margin_mode_is_the_accounts(self, stage: AccountStage) -> None:
        assert not (await stage.account.settings("BTC")).is_isolated
        stage.venue.core.isolated = dict.fromkeys(stage.venue.core.rules, True)
        stage.venue.core.leverage["BTCUSDT"] = 7
        settings = await stage.account.settings("BTC")
        assert (settings.leverage, settings.is_isolated) == (7.0, True)

    async def test_margin_in_use_is_told_in_either_mode(self, stage: AccountStage) -> None:
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        cross = await stage.account.margin_in_use_usd()
        stage.venue.core.isolated = dict.fromkeys(stage.venue.core.rules, True)
        assert await stage.account.margin_in_use_usd() == cross == pytest.approx(20.0, rel=1e-3)

    async def test_a_rate_that_is_not_told_is_not_known(self, stage: AccountStage) -> None:
        stage.venue.rates_known = False
        assert (await stage.account.facts()).taker_fee_bps is None

    async def test_a_demo_account_is_not_asked_for_its_rights(self, shipped_config: CockpitConfig) -> None:
        """The venue's demo service knows no such question."""
        section = shipped_config.venues[self.name].model_copy(update={"demo": True})
        config = shipped_config.model_copy(update={"venues": {**shipped_config.venues, self.name: section}})
        async with account_stage(self.name, config) as stage:
            facts = await stage.account.facts()
            assert facts.can_trade and facts.is_ip_restricted is None and facts.dangerous_permissions == ()
            assert not [call for call in stage.venue.calls if call.path.endswith("/query-api")]

    async def test_a_demo_accounts_calls_go_to_the_demo_host(self, shipped_config: CockpitConfig) -> None:
        from cockpit.config.endpoints import VenueUrls
        from cockpit.exchanges.bybit.client import bybit_client, private_url

        client = bybit_client(VenueUrls(), is_demo=True)
        assert client.implode_hostname(client.urls["api"]["private"]) == "https://api-demo.bybit.com"
        assert private_url(client) == "wss://stream-demo.bybit.com/v5/private"
        await client.close()

    # -- orders as they leave

    async def test_a_stop_goes_out_on_the_mark_and_closes_only(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(), f"{ID}s1")
        (sent,) = stage.venue.called("stop")
        assert sent.params == {
            "category": "linear", "symbol": "BTCUSDT", "side": "Sell", "orderType": "Market", "qty": "0.002",
            "positionIdx": 0, "orderLinkId": f"{ID}s1", "reduceOnly": True, "triggerPrice": "99000",
            "triggerDirection": 2, "triggerBy": "MarkPrice", "closeOnTrigger": True,
        }  # fmt: skip

    async def test_a_target_goes_out_as_a_limit_that_reduces(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(target(), f"{ID}x1")
        (sent,) = stage.venue.called("target")
        assert sent.params["price"] == "101000" and sent.params["reduceOnly"] is True
        assert sent.params["timeInForce"] == "GTC" and "closeOnTrigger" not in sent.params

    async def test_no_order_goes_out_under_the_librarys_name(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.cancel("BTC", f"{ID}e1", False)
        sent = stage.venue.called("entry", "cancel")
        assert len(sent) == 2
        for call in sent:
            assert "referer" not in {name.lower() for name in call.headers} and "ccxt" not in str(call).lower()

    async def test_what_no_order_is_small_enough_for_is_closed_whole(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        (held,) = await stage.account.positions()
        await stage.account.close_position(held._replace(qty=0.00001), f"{ID}c1")
        sent = stage.venue.called("close")[0].params
        assert (sent["qty"], sent["reduceOnly"], sent["closeOnTrigger"]) == ("0", True, True)
        assert stage.venue.held("BTC") == 0.0

    async def test_the_venues_own_no_about_the_size_leads_there_too(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        (held,) = await stage.account.positions()
        stage.venue.faults.add(rejected("110094"), roles={"close"})
        await stage.account.close_position(held, f"{ID}c1")
        assert stage.venue.held("BTC") == 0.0

    # -- what became of them

    async def test_what_the_venue_forgot_in_a_restart_is_read_from_its_history(self, stage: AccountStage) -> None:
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        await stage.account.place(stop(qty=0.002), f"{ID}s1")
        await stage.account.place(stop(trigger=98_000.0, qty=0.002), f"{ID}s2")
        await stage.account.place(entry(price=99_500.0), f"{ID}e2")
        await stage.account.cancel("BTC", f"{ID}e2", False)
        await stage.account.cancel("BTC", f"{ID}s2", True)
        stage.venue.set_price("BTC", 98_900, 98_900.1)
        stage.venue.restart()
        found = {
            name: await stage.account.find("BTC", f"{ID}{name}", name[0] == "s") for name in ("e1", "e2", "s1", "s2")
        }
        assert {name: None if order is None else order.status for name, order in found.items()} == {
            "e1": OrderStatus.FILLED,
            "e2": OrderStatus.CANCELLED,
            "s1": OrderStatus.FILLED,
            "s2": OrderStatus.CANCELLED,
        }

    async def test_an_order_that_filled_in_part_and_was_taken_off_says_both(self, stage: AccountStage) -> None:
        stage.venue.core.fill_next(0.5)
        await stage.account.place(entry(qty=0.004, price=101_000.0), f"{ID}e1")
        await stage.account.cancel("BTC", f"{ID}e1", False)
        found = await stage.account.find("BTC", f"{ID}e1", False)
        assert found is not None and (found.status, found.filled_qty) == (OrderStatus.CANCELLED, 0.002)

    async def test_funding_among_the_executions_is_none(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        stage.venue.pay_funding("BTC", 0.0001)
        assert [fill.client_id for fill in await stage.account.fills_since("BTC", 0)] == [f"{ID}e1"]

    async def test_a_payment_is_told_however_long_ago_the_last_one_was(self, stage: AccountStage) -> None:
        """Where no end is said the venue answers with the first day alone."""
        await stage.account.place(entry(), f"{ID}e1")
        stage.venue.pay_funding("BTC", 0.0001)
        month_ago_ms = stage.venue.now_ms() - 30 * 86_400_000
        ((_, payment),) = await stage.account.funding_since(month_ago_ms)
        assert payment.amount_usd == pytest.approx(-0.002 * 100_000 * 0.0001, rel=1e-3)

    # -- what is open elsewhere, and on two sides

    @pytest.mark.parametrize("scope", list(ELSEWHERE))
    async def test_what_is_held_in_another_category_is_seen_and_closed_there(
        self, stage: AccountStage, scope: tuple[str, str]
    ) -> None:
        symbol = ELSEWHERE[scope]
        stage.venue.elsewhere[scope] = [position_elsewhere(symbol)]
        (held,) = await stage.account.positions()
        assert (held.asset, held.contracts) == (symbol, "1000")
        with pytest.raises(Refused):
            await stage.account.close_position(held, f"{ID}c1")
        sent = stage.venue.called("close")[0].params
        assert (sent["category"], sent["symbol"], sent["side"], sent["qty"]) == (scope[0], symbol, "Sell", "1000")
        assert sent["reduceOnly"] is True

    async def test_orders_of_every_category_are_listed(self, stage: AccountStage) -> None:
        stage.venue.orders_elsewhere = {scope: [order_elsewhere(symbol)] for scope, symbol in ELSEWHERE.items()}
        await stage.account.place(entry(price=99_000.0), f"{ID}e1")
        assert {order.asset for order in await stage.account.open_orders()} == {"BTC", *ELSEWHERE.values()}
        assert [order.client_id for order in await stage.account.open_orders({"BTC"})] == [f"{ID}e1"]

    async def test_a_key_without_options_sees_the_rest(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        stage.venue.forbidden = {"option"}
        assert [held.qty for held in await stage.account.positions()] == [0.002]
        assert await stage.account.open_orders() == ()
        stage.venue.forbidden = {"inverse"}
        with pytest.raises(KeysLost):
            await stage.account.positions()

    async def test_more_orders_than_a_page_holds_are_all_listed(self, stage: AccountStage) -> None:
        prices = [90_000.0 + number for number in range(60)]
        for number, price in enumerate(prices):
            stage.venue.core.place(_resting(price, number))
        orders = await stage.account.open_orders()
        assert sorted(order.limit_price or 0.0 for order in orders) == prices

    async def test_a_position_on_one_of_two_sides_is_closed_on_that_side(self, stage: AccountStage) -> None:
        stage.venue.trade_by_hand("BTC", "sell", 0.003)
        stage.venue.core.hedge_mode = True
        (held,) = await stage.account.positions()
        assert (held.qty, held.hedge_side, held.nets_with_ours) == (-0.003, "Sell", False)
        await stage.account.protect(held, 101_000.0, f"{ID}g1")
        await stage.account.close_position(held, f"{ID}c1")
        for sent in stage.venue.called("stop", "close"):
            assert (sent.params["positionIdx"], sent.params["side"]) == (2, "Buy")
        assert stage.venue.held("BTC") == 0.0

    async def test_an_order_that_does_not_fit_the_accounts_sides_is_refused_for_that(self, stage: AccountStage) -> None:
        stage.venue.core.hedge_mode = True
        assert await self.refused(stage, entry(), "e1") is RefusalKind.MODE

    # -- what the venue's word proves

    @pytest.mark.parametrize("code", ["10000", "10014", "10016", "110999"])
    async def test_an_error_that_may_come_after_an_execution_is_no_refusal(
        self, stage: AccountStage, code: str
    ) -> None:
        stage.venue.faults.add(answered(code), roles={"entry"})
        with pytest.raises(Exception, match=code) as said:
            await stage.account.place(entry(), f"{ID}e1")
        assert type(said.value).__name__ == "Ambiguous"
        found = await stage.account.find("BTC", f"{ID}e1", False)
        assert found is not None and found.status is OrderStatus.FILLED

    # -- the fence

    @pytest.mark.parametrize(
        ("kind", "extra"),
        [
            ("market", {"trailingAmount": 100.0}),
            ("market", {"stopLossPrice": 99_000.0}),
            ("limit", {"triggerPrice": 99_000.0, "triggerDirection": "descending"}),
            ("market", {"takeProfitPrice": 110_000.0}),
            ("market", {"stopLoss": {"triggerPrice": 99_000.0}}),
            ("market", {}),
        ],
    )
    async def test_what_the_library_makes_of_an_order_is_fenced_off(
        self, stage: AccountStage, kind: str, extra: dict[str, Any]
    ) -> None:
        """A trailing stop edits the position, a stop goes by the last price, an order has no id of ours."""
        client = stage.account.client  # type: ignore[attr-defined]
        client.options["enableUnifiedAccount"], client.options["enableUnifiedMargin"] = True, False
        client.set_markets(_markets(client))
        before = len(stage.venue.calls)
        with pytest.raises(FencedOff):
            await client.create_order("BTC/USDT:USDT", kind, "sell", 0.001, 99_000.0, extra)
        assert len(stage.venue.calls) == before

    async def test_cancelling_by_our_id_as_the_library_would_sends_no_unknown_field(self, stage: AccountStage) -> None:
        await stage.account.place(entry(price=99_000.0), f"{ID}e1")
        await stage.account.cancel("BTC", f"{ID}e1", False)
        (sent,) = stage.venue.called("cancel")
        assert sent.params == {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": f"{ID}e1"}

    @pytest.mark.parametrize(
        "endpoint",
        [
            "privatePostV5AssetWithdrawCreate", "privatePostV5AssetTransferInterTransfer",
            "privatePostV5AssetTransferUniversalTransfer", "privatePostV5OrderAmend", "privatePostV5OrderCancelAll",
            "privatePostV5OrderCreateBatch", "privatePostV5OrderDisconnectedCancelAll",
            "privatePostV5PositionTradingStop", "privatePostV5PositionSetLeverage", "privatePostV5PositionSwitchMode",
            "privatePostV5AccountSetMarginMode", "privatePostV5UserUpdateApi", "privatePostV5AccountBorrow",
        ],
    )  # fmt: skip
    async def test_no_other_call_leaves(self, stage: AccountStage, endpoint: str) -> None:
        before = len(stage.venue.calls)
        with pytest.raises(FencedOff):
            await getattr(stage.account.client, endpoint)({"amount": 1})  # type: ignore[attr-defined]
        assert len(stage.venue.calls) == before

    async def test_the_venues_switch_for_lost_connections_is_not_used(self, stage: AccountStage) -> None:
        await stage.account.guard_entries(30.0)
        assert stage.venue.called("dead_man") == []


class TestBybitStream(AccountStreamContract):
    name = "bybit"
    backwards = 4
    unreadable: ClassVar[Any] = {"topic": "order", "data": [{}]}

    async def test_it_logs_in_by_the_venues_clock(self, shipped_config: CockpitConfig) -> None:
        async with account_stage(self.name, shipped_config) as stage:
            stage.venue.clock_skew_ms = 600_000
            for _ in range(5):
                await stage.account.ask_time()  # type: ignore[attr-defined]
            await stage.follow()
            (login,) = [frame for frame in stage.venue.received if frame["op"] == "auth"]
            assert int(login["args"][1]) == pytest.approx(stage.venue.now_ms() + 10_000, abs=9_000)

    async def test_keys_that_are_refused_keep_the_link_down_and_say_so(self, stage: AccountStage) -> None:
        stage.venue.key_revoked = True
        stage.venue.user_stream.kill()
        await stage.until(lambda: any("expected auth confirmed, was 10003" in why for _, why in stage.links))
        assert not stage.links[-1][0]

    async def test_a_ping_passes_the_fence(self, stage: AccountStage) -> None:
        client = stage.account.client  # type: ignore[attr-defined]
        (socket,) = client.clients.values()
        await socket.send(client.ping(socket))
        await stage.until(lambda: stage.venue.pings == 1)
        with pytest.raises(FencedOff):
            await socket.send({"op": "order.create", "args": [{"symbol": "BTCUSDT"}]})

    async def test_an_end_is_said_once_whichever_topic_tells_it(self, stage: AccountStage) -> None:
        await stage.account.place(entry(price=99_000.0), f"{ID}e1")
        stage.venue.set_price("BTC", 98_999.9, 99_000.0)
        await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))
        await stage.account.place(close(), f"{ID}c1")
        await stage.until(lambda: bool(stage.fills_of(f"{ID}c1")))
        said = [order.status for order in stage.orders_of(f"{ID}e1")]
        assert said.count(OrderStatus.FILLED) == 1 and said[0] is OrderStatus.WORKING

    async def test_an_execution_that_nobody_told_of_shows_in_what_is_left(self, stage: AccountStage) -> None:
        """Two halves, the words of the first lost: its position, its execution, the order half filled."""
        stage.venue.core.fill_next(0.5, 0.5)
        stage.venue.user_stream.policy = _all_but_money(3)
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))
        last = stage.orders_of(f"{ID}e1")[-1]
        assert (last.status, last.filled_qty, last.qty) == (OrderStatus.FILLED, 0.004, 0.004)
        assert [fill.qty for fill in stage.fills_of(f"{ID}e1")] == [0.002]

    async def test_a_payment_among_the_executions_is_asked_for_at_once(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        stage.venue.pay_funding("BTC", 0.0001)
        await stage.until(lambda: bool(stage.payments()))
        assert len(stage.fills_of("")) == 0


def _all_but_money(lost: int) -> Any:
    """The stream's policy that loses the first so many frames; the wallet's are counted with them."""
    left = [lost + 1]

    def policy(stream: Any) -> None:
        if left[0]:
            stream.drop_next, left[0] = left[0], 0

    return policy


def _resting(price: float, number: int) -> Any:
    from decimal import Decimal

    from tests.loopback.matching_terms import OrderAsked

    return OrderAsked(
        "BTCUSDT", "buy", "limit", Decimal("0.001"), client_id=f"web{number}", price=Decimal(str(price)),
        owner="stranger",
    )  # fmt: skip


def _markets(client: Any) -> Any:
    """The library's own word on the contract that orders are about."""
    from tests.loopback.exchange_bybit import instrument

    return [client.safe_market_structure({
        "id": "BTCUSDT", "symbol": "BTC/USDT:USDT", "base": "BTC", "quote": "USDT", "settle": "USDT", "baseId": "BTC",
        "quoteId": "USDT", "settleId": "USDT", "type": "swap", "spot": False, "swap": True, "future": False,
        "option": False, "contract": True, "linear": True, "inverse": False, "contractSize": 1.0, "active": True,
        "precision": {"amount": 0.001, "price": 0.1}, "limits": {}, "info": instrument("BTC"),
    })]  # fmt: skip
