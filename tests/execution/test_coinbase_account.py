"""The Coinbase account keeps the contract, and what is Coinbase's own."""

from typing import Any, ClassVar

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderStatus, Side
from cockpit.exchanges.base.account import KeysLost, NotSent, RefusalKind
from cockpit.exchanges.base.fence import FencedOff
from tests.execution.account_contract import AccountContract
from tests.execution.account_stage import BID, AccountStage, account_stage, close, entry, stop, target, with_venue
from tests.execution.account_stream_contract import AccountStreamContract

ID = "ckaaaaaat000001"


@pytest.fixture(scope="session")
def shipped_config(shipped_config: CockpitConfig) -> CockpitConfig:
    return with_venue(shipped_config, "coinbase")


class TestCoinbaseAccount(AccountContract):
    name = "coinbase"
    reserves = False

    async def test_the_facts_are_the_venues(self, stage: AccountStage) -> None:
        facts = await stage.account.facts()
        assert facts.can_trade and facts.is_one_way and facts.dangerous_permissions == ()
        assert facts.is_ip_restricted is None, "the venue does not say"
        assert facts.equity_usd == pytest.approx(1_660.0) and facts.taker_fee_bps == pytest.approx(5.0)
        assert facts.leverage == dict.fromkeys(("BTC", "ETH", "SOL", "XRP"), 4.07), "1 / 0.245625, the night's margin"
        assert set(facts.listed) == {"BTC", "ETH", "SOL", "XRP"}
        assert facts.is_isolated == {}, "the venue knows one margin for everything"
        assert abs(facts.clock_offset_ms) < 500

    async def test_with_the_days_margin_it_lends_more(self, stage: AccountStage) -> None:
        stage.venue.margin_setting = "INTRADAY_MARGIN_SETTING_INTRADAY"
        settings = await stage.account.settings("BTC")
        assert (settings.leverage, settings.is_isolated) == (10.0, None)

    @pytest.mark.parametrize("tier", [None, {}, {"taker_fee_rate": ""}, {"taker_fee_rate": "0"}])
    async def test_a_fee_that_is_not_told_is_none_and_never_the_librarys(self, stage: AccountStage, tier: Any) -> None:
        """Its stand-in of 0.06 means 6 %."""
        stage.venue.fee_tier = tier
        assert (await stage.account.facts()).taker_fee_bps is None

    async def test_an_account_that_keeps_two_sides_is_told(self, stage: AccountStage) -> None:
        """The venue has no such mode."""
        assert (await stage.account.facts()).is_one_way

    async def test_a_key_that_can_move_money_out_is_told(self, stage: AccountStage) -> None:
        stage.venue.permissions["can_transfer"] = True
        assert (await stage.account.facts()).dangerous_permissions == ("can_transfer",)

    async def test_a_key_whose_transfers_are_not_denied_counts_as_one_that_can(self, stage: AccountStage) -> None:
        del stage.venue.permissions["can_transfer"]
        assert (await stage.account.facts()).dangerous_permissions == ("can_transfer",)

    async def test_a_demo_account_is_known_for_one_and_trades(self, shipped_config: CockpitConfig) -> None:
        """It has none: it is refused before anything is asked."""
        section = shipped_config.venues[self.name].model_copy(update={"demo": True})
        config = shipped_config.model_copy(update={"venues": {**shipped_config.venues, self.name: section}})
        with pytest.raises(KeysLost, match="expected its real account, was a demo one: it has none"):
            async with account_stage(self.name, config):
                pass

    async def test_no_stop_can_be_held_for_what_is_not_listed(self, stage: AccountStage) -> None:
        reason = await stage.account.holds_stops("DOGE")
        assert reason == "coinbase: expected a perpetual of DOGE against USD, was none listed"

    async def test_an_id_is_taken_once(self, stage: AccountStage) -> None:
        """Sent twice, the venue answers with the order that has it."""
        first = await stage.account.place(entry(price=99_000.0), f"{ID}e1")
        again = await stage.account.place(entry(price=99_000.0), f"{ID}e1")
        assert first.venue_order_id == again.venue_order_id and len(stage.venue.open_orders) == 1

    async def test_a_stop_rests_with_the_trigger_service_on_the_mark(self, stage: AccountStage) -> None:
        """On the last trade: the venue has no stop on another price."""
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(trigger=99_000.04), f"{ID}s1")
        (resting,) = stage.venue.algo_orders
        assert (resting.asked.working, str(resting.asked.trigger)) == ("last", "99000")
        (listed,) = await stage.account.open_orders()
        assert (listed.client_id, listed.qty, listed.trigger_price) == (f"{ID}s1", 0.002, 99_000.0)
        assert listed.is_conditional and listed.reduce_only and listed.status is OrderStatus.WORKING
        assert await stage.account.find("BTC", f"{ID}s1", True) == listed
        assert await stage.account.find("BTC", f"{ID}s1", False) is None
        assert await stage.account.fills_of(listed) == ()

    async def test_what_the_venue_closed_by_itself_is_told_as_such(self, stage: AccountStage) -> None:
        """Whatever the reason, it has one name for it."""
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        stage.venue.deleverage("BTC", 0.5)
        stage.venue.liquidate("BTC")
        fills = await stage.account.fills_since("BTC", 0)
        assert [fill.forced for fill in fills] == ["", "liquidation", "liquidation"]

    @pytest.mark.parametrize("ahead_ms", [300_000, -60_000])
    async def test_clocks_that_came_apart_are_compared_and_the_same_order_goes_through_anew(
        self, stage: AccountStage, ahead_ms: int
    ) -> None:
        """A token is good for two minutes: within them nobody minds."""
        stage.venue.clock_skew_ms = ahead_ms
        with pytest.raises(NotSent, match=r"the clocks were -?[0-9]+ s apart") as refusal:
            await stage.account.place(entry(), f"{ID}e1")
        assert refusal.value.is_clock
        await stage.account.place(entry(), f"{ID}e1")
        assert stage.venue.held("BTC") == 0.002

    async def test_clocks_that_came_apart_are_compared_and_the_same_order_goes_through(
        self, stage: AccountStage
    ) -> None:
        stage.venue.clock_skew_ms = 60_000
        await stage.account.place(entry(), f"{ID}e1")
        assert stage.venue.held("BTC") == 0.002
        assert (await stage.account.facts()).clock_offset_ms == pytest.approx(60_000, abs=500)

    # -- bytes that leave

    async def test_a_market_order_is_the_venues_own_body(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(close(), f"{ID}c1")
        (sent,), (closed,) = stage.venue.called("entry"), stage.venue.called("close")
        assert sent.params == {
            "client_order_id": f"{ID}e1", "product_id": "BIP-20DEC30-CDE", "side": "BUY",
            "order_configuration": {"market_market_ioc": {"base_size": "2"}},
        }  # fmt: skip
        assert closed.params["order_configuration"] == {"market_market_ioc": {"base_size": "2", "reduce_only": True}}

    @pytest.mark.parametrize(
        ("side", "trigger", "limit", "direction"),
        [(Side.LONG, 99_000.0, "98010", "DOWN"), (Side.SHORT, 101_000.0, "102010", "UP")],
    )
    async def test_a_stop_goes_out_as_a_stop_limit_that_reduces(
        self, stage: AccountStage, side: Side, trigger: float, limit: str, direction: str
    ) -> None:
        """Its limit lies as far beyond its trigger as the config says: 100 bps as shipped."""
        await stage.account.place(entry(side=side), f"{ID}e1")
        away = Side.SHORT if side is Side.LONG else Side.LONG
        await stage.account.place(stop(trigger=trigger, side=away), f"{ID}s1")
        (sent,) = stage.venue.called("stop")
        assert sent.path == "/api/v3/brokerage/orders" and sent.params == {
            "client_order_id": f"{ID}s1", "product_id": "BIP-20DEC30-CDE",
            "side": "SELL" if away is Side.SHORT else "BUY",
            "order_configuration": {
                "stop_limit_stop_limit_gtc": {
                    "base_size": "2", "limit_price": limit, "stop_price": f"{trigger:g}",
                    "stop_direction": f"STOP_DIRECTION_STOP_{direction}", "reduce_only": True,
                }
            },
        }  # fmt: skip

    async def test_the_limits_distance_is_a_setting(self, shipped_config: CockpitConfig) -> None:
        section = shipped_config.venues[self.name].model_copy(update={"stop_limit_bps": 250.0})
        config = shipped_config.model_copy(update={"venues": {**shipped_config.venues, self.name: section}})
        async with account_stage(self.name, config) as stage:
            await stage.account.place(entry(), f"{ID}e1")
            await stage.account.place(stop(trigger=99_000.0), f"{ID}s1")
            (sent,) = stage.venue.called("stop")
            terms = sent.params["order_configuration"]["stop_limit_stop_limit_gtc"]
            assert terms["limit_price"] == "96525"

    @pytest.mark.parametrize(
        ("kind", "extra"),
        [
            ("limit", {"stopLossPrice": 99_000.0, "reduceOnly": True, "client_order_id": "x1"}),
            ("market", {"reduceOnly": True, "client_order_id": "x1"}),
            ("market", {"reduce_only": True}),
            ("market", {}),
            ("limit", {"stopLossPrice": 99_000.0, "client_order_id": "x1"}),
            ("limit", {"triggerPrice": 99_000.0, "client_order_id": "x1"}),
            ("limit", {"takeProfitPrice": 110_000.0, "client_order_id": "x1"}),
            ("limit", {"timeInForce": "IOC", "client_order_id": "x1"}),
            ("limit", {"stopLoss": {"triggerPrice": 99_000.0}, "client_order_id": "x1"}),
            ("limit", {"leverage": "5", "marginMode": "isolated", "client_order_id": "x1"}),
        ],
    )
    async def test_what_the_library_would_send_as_something_else_is_fenced_off(
        self, stage: AccountStage, kind: str, extra: dict[str, Any]
    ) -> None:
        """Of a stop that reduces it makes a close at once, of a trigger a stop on the wrong side."""
        client = stage.account.client  # type: ignore[attr-defined]
        client.set_markets_from_exchange(await _markets(stage))
        stage.venue.trade_by_hand("BTC", "buy", 0.003)
        before = len(stage.venue.calls)
        with pytest.raises(FencedOff):
            await client.create_order("BTC/USD:USD", kind, "sell", 1, 98_000.0, extra)
        assert len(stage.venue.calls) == before and stage.venue.held("BTC") == 0.003

    @pytest.mark.parametrize(
        "endpoint",
        [
            "v2PrivatePostAccountsAccountIdTransactions", "v3PrivatePostBrokeragePortfoliosMoveFunds",
            "v3PrivatePostBrokerageConvertQuote", "v3PrivatePostBrokerageOrdersClosePosition",
            "v3PrivatePostBrokerageOrdersEdit", "v3PrivatePostBrokerageCfmSweepsSchedule",
            "v3PrivatePostBrokerageCfmIntradayMarginSetting", "v3PrivatePostBrokeragePortfolios",
            "v3PrivateGetBrokerageAccounts", "v3PrivateGetBrokeragePaymentMethods",
        ],
    )  # fmt: skip
    async def test_no_other_call_leaves(self, stage: AccountStage, endpoint: str) -> None:
        before = len(stage.venue.calls)
        with pytest.raises(FencedOff):
            await getattr(stage.account.client, endpoint)({"account_id": "a", "amount": "1"})  # type: ignore[attr-defined]
        assert len(stage.venue.calls) == before

    @pytest.mark.parametrize(
        "terms",
        [
            {"stop_limit_stop_limit_gtc": {"base_size": "1", "limit_price": "1", "stop_price": "1",
                                           "stop_direction": "STOP_DIRECTION_STOP_DOWN"}},
            {"stop_limit_stop_limit_gtc": {"base_size": "1", "limit_price": "1", "stop_price": "1",
                                           "stop_direction": "STOP_DIRECTION_STOP_UP", "reduce_only": True}},
            {"trigger_bracket_gtc": {"base_size": "1", "limit_price": "1", "stop_trigger_price": "1"}},
            {"market_market_ioc": {"quote_size": "10"}},
            {"market_market_ioc": {"base_size": "1"}, "limit_limit_gtc": {"base_size": "1", "limit_price": "1"}},
        ],
    )  # fmt: skip
    async def test_no_other_order_leaves(self, stage: AccountStage, terms: dict[str, Any]) -> None:
        body = {"client_order_id": "x1", "product_id": "BIP-20DEC30-CDE", "side": "SELL", "order_configuration": terms}
        before = len(stage.venue.calls)
        with pytest.raises(FencedOff):
            await stage.account.client.v3PrivatePostBrokerageOrders(body)  # type: ignore[attr-defined]
        assert len(stage.venue.calls) == before

    # -- what else is Coinbase's own

    async def test_an_order_that_is_not_taken_up_yet_is_listed_and_cancelled(self, stage: AccountStage) -> None:
        stage.venue.holds_new = True
        await stage.account.place(entry(price=99_000.0), f"{ID}e1")
        (listed,) = await stage.account.open_orders()
        assert (listed.client_id, listed.status) == (f"{ID}e1", OrderStatus.SENT), "it rests nowhere yet"
        await stage.account.cancel_order(listed)
        assert await stage.account.open_orders() == ()

    async def test_a_stop_that_was_gapped_through_rests_as_a_limit_and_protects_nothing(
        self, stage: AccountStage
    ) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(trigger=99_000.0), f"{ID}s1")
        stage.venue.set_price("BTC", 97_000, 97_000.1)
        found = await stage.account.find("BTC", f"{ID}s1", True)
        assert found is not None and not found.is_conditional
        assert (found.status, found.filled_qty, found.limit_price) == (OrderStatus.WORKING, 0.0, 98_010.0)
        await stage.account.cancel("BTC", f"{ID}s1", True)
        ended = await stage.account.find("BTC", f"{ID}s1", True)
        assert ended is not None and ended.status is OrderStatus.REJECTED
        assert ended.detail == "triggered at 99000 and not filled within its limit"
        assert stage.venue.held("BTC") == 0.002

    @pytest.mark.parametrize("as_objects", [True, False])
    async def test_money_is_read_in_either_form(self, stage: AccountStage, as_objects: bool) -> None:
        stage.venue.money_as_objects = as_objects
        await stage.account.place(entry(qty=0.003, side=Side.SHORT), f"{ID}e1")
        (held,) = await stage.account.positions()
        assert (held.qty, held.entry_price, held.mark_price) == (-0.003, BID, pytest.approx(BID, rel=1e-5))
        assert await stage.account.margin_in_use_usd() == pytest.approx(15.0)

    async def test_a_position_is_read_and_closed_without_the_venues_list(self, stage: AccountStage) -> None:
        stage.venue.trade_by_hand("BTC", "buy", 0.003)
        async with stage.another() as other:
            stage.venue.faults.add(_down(), path="market/products", times=None)
            await other.open_for_exit()
            (held,) = await other.positions()
            assert (held.asset, held.qty) == ("BTC", 0.003)
            await other.close_position(held, f"{ID}c1")
        assert stage.venue.held("BTC") == 0.0

    async def test_what_was_asked_of_it_is_counted_by_the_hour(self, stage: AccountStage) -> None:
        before = stage.account.used_weight_share()
        await stage.account.positions()
        after = stage.account.used_weight_share()
        assert before is not None and after is not None
        assert after - before == pytest.approx(1 / 10_000)

    async def test_a_refusal_says_what_to_do_about_it(self, stage: AccountStage) -> None:
        assert await self.refused(stage, close(), "c1") is RefusalKind.NOTHING_TO_REDUCE
        assert await self.refused(stage, entry(qty=5.0), "e1") is RefusalKind.MARGIN
        await stage.account.place(entry(), f"{ID}e2")
        assert await self.refused(stage, stop(trigger=100_500.0), "s1") is RefusalKind.WOULD_TRIGGER
        await stage.account.place(target(), f"{ID}x1")
        await stage.account.place(close(), f"{ID}c2")
        assert stage.venue.held("BTC") == 0.0 and await stage.account.open_orders() == ()


class TestCoinbaseStream(AccountStreamContract):
    name = "coinbase"
    backwards = 3
    unreadable: ClassVar[Any] = {
        "channel": "user",
        "timestamp": "2026-08-12T19:27:48Z",
        "events": [{"type": "update", "orders": [{}]}],
    }

    async def test_funding_is_told_once_with_its_asset_and_sign(
        self, stage: AccountStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is settled into the account's cash, without a row for it: none is told, and none is made up."""
        await stage.account.place(entry(), f"{ID}e1")
        stage.venue.pay_funding("BTC", 0.0001)
        assert await stage.account.funding_since(0) == [] and not stage.payments()

    async def test_deleveraging_is_told_as_such(self, stage: AccountStage) -> None:
        """The venue has one name for whatever it closes by itself."""
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        stage.venue.deleverage("BTC", 0.5)
        await stage.until(lambda: any(order.detail == "liquidation" for order in self.all_orders(stage)))

    async def test_a_triggered_stop_is_known_when_its_words_come_backwards(self, stage: AccountStage) -> None:
        """That it is filled is said twice: by the channel, and with the execution that was asked for."""
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(trigger=99_000.0), f"{ID}s1")
        await stage.until(lambda: bool(stage.orders_of(f"{ID}s1")))
        stage.venue.user_stream.hold_next = self.backwards
        stage.venue.set_price("BTC", 98_900, 98_900.1)
        await stage.until(lambda: bool(stage.fills_of(f"{ID}s1")))
        finals = [order.status for order in stage.orders_of(f"{ID}s1") if order.status.is_final]
        assert set(finals) == {OrderStatus.FILLED} and len(stage.fills_of(f"{ID}s1")) == 1

    async def test_without_positions_in_the_channel_executions_are_told_all_the_same(self, stage: AccountStage) -> None:
        """As it is by default."""
        stage.venue.pushes_positions = False
        await stage.account.place(entry(), f"{ID}e1")
        await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))
        assert stage.position_updates() == []

    async def test_each_subscription_carries_a_token_of_its_own_and_none_of_them_is_said(
        self, stage: AccountStage
    ) -> None:
        frames = [frame for frame in stage.venue.received if isinstance(frame, dict)]
        assert [frame["channel"] for frame in frames] == ["user", "heartbeats"]
        assert len({frame["jwt"] for frame in frames}) == 2
        assert stage.account._stream.secrets == [frame["jwt"] for frame in frames]  # type: ignore[attr-defined]

    async def test_a_heart_that_stops_beating_breaks_the_link(
        self, stage: AccountStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stream = stage.account._stream  # type: ignore[attr-defined]
        assert stream.takes({"channel": "heartbeats", "events": [{"heartbeat_counter": "1"}]})
        stream._beat_ns -= 60_000_000_000
        await stage.until(lambda: len(stage.links) >= 3 and stage.links[-1][0])
        assert "expected a heartbeat a second" in stage.links[1][1]


async def _markets(stage: AccountStage) -> Any:
    """What the library knows of the venue's products, by a client without keys."""
    from cockpit.config.endpoints import VenueUrls
    from cockpit.exchanges.coinbase.client import coinbase_client

    client = coinbase_client(VenueUrls(stage.venue.rest_url, stage.venue.ws_url))
    try:
        await client.load_markets()
    finally:
        await client.close()
    return client


def _down() -> Any:
    from tests.loopback.trading_faults import dropped_before

    return dropped_before()
