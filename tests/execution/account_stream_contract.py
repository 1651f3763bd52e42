"""What every private stream must survive: frames lost, doubled, late and out of order, dead sockets, deaf ones."""

from typing import Any, ClassVar

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderStatus, Side
from tests.execution.account_stage import AccountStage, StagedAccount, account_stage, close, entry, stop, target
from tests.loopback.trading_faults import dropped_before

ID = "ckaaaaaat000001"


class AccountStreamContract(StagedAccount):
    """Subclass it with the venue's `name`."""

    backwards: int
    """So many frames that tell of a triggered stop, the last that fills it among them, come in reverse order."""

    @pytest.fixture
    async def stage(self, shipped_config: CockpitConfig):
        async with account_stage(self.name, shipped_config) as stage:
            await stage.follow()
            yield stage

    async def test_it_says_an_orders_life_and_its_executions(self, stage: AccountStage) -> None:
        stage.venue.core.fill_next(0.5, 0.5)
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        await stage.until(lambda: len(stage.fills_of(f"{ID}e1")) == 2)
        assert [fill.qty for fill in stage.fills_of(f"{ID}e1")] == [0.002, 0.002]
        last = stage.orders_of(f"{ID}e1")[-1]
        assert (last.status, last.filled_qty, last.side) == (OrderStatus.FILLED, 0.004, Side.LONG)
        assert [word.qty for word in stage.position_updates()][-1] == 0.004

    async def test_its_executions_are_those_that_are_asked_for(self, stage: AccountStage) -> None:
        """By the same ids: whichever road they come by, they are booked once."""
        await stage.account.place(entry(), f"{ID}e1")
        await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))
        found = await stage.account.find("BTC", f"{ID}e1", False)
        assert found is not None
        asked, heard = await stage.account.fills_of(found), stage.fills_of(f"{ID}e1")
        assert [fill._replace(ts_ns=0) for fill in asked] == [fill._replace(ts_ns=0) for fill in heard]

    async def test_a_triggered_stop_speaks_under_its_own_id(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(trigger=99_000.0), f"{ID}s1")
        stage.venue.set_price("BTC", 98_900, 98_900.1)
        await stage.until(lambda: bool(stage.fills_of(f"{ID}s1")))
        last = stage.orders_of(f"{ID}s1")[-1]
        assert (last.status, last.filled_qty, last.is_conditional) == (OrderStatus.FILLED, 0.002, False)

    async def test_a_triggered_stop_is_known_when_its_words_come_backwards(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(trigger=99_000.0), f"{ID}s1")
        await stage.until(lambda: bool(stage.orders_of(f"{ID}s1")))
        sent = len(stage.venue.user_stream.sent)
        stage.venue.user_stream.hold_next = self.backwards
        stage.venue.set_price("BTC", 98_900, 98_900.1)
        await stage.until(lambda: len(stage.venue.user_stream.sent) >= sent + self.backwards)
        await stage.until(lambda: bool(stage.fills_of(f"{ID}s1")))
        assert [order.status for order in stage.orders_of(f"{ID}s1") if order.status.is_final] == [OrderStatus.FILLED]

    async def test_a_stop_whose_order_was_refused_says_so(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(trigger=99_000.0), f"{ID}s1")
        stage.venue.core.algos.rejects_triggered = "Reduce Only reject"
        stage.venue.set_price("BTC", 98_900, 98_900.1)
        await stage.until(lambda: any(order.status is OrderStatus.REJECTED for order in stage.orders_of(f"{ID}s1")))

    async def test_a_frame_that_comes_twice_is_the_same_execution_twice(self, stage: AccountStage) -> None:
        stage.venue.user_stream.repeat_next = 4
        await stage.account.place(entry(), f"{ID}e1")
        await stage.until(lambda: len([order for order in stage.orders_of(f"{ID}e1") if order.filled_qty]) >= 2)
        await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))
        assert len(stage.fills_of(f"{ID}e1")) == 1

    async def test_a_socket_that_was_cut_is_dialled_again_and_both_are_told(self, stage: AccountStage) -> None:
        stage.venue.user_stream.kill()
        await stage.until(lambda: len(stage.links) >= 3 and stage.links[-1][0])
        assert [stands for stands, _ in stage.links] == [True, False, True]
        await stage.account.place(entry(), f"{ID}e1")
        await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))

    async def test_a_venue_that_was_gone_is_followed_again(self, stage: AccountStage) -> None:
        await stage.venue.go_down()
        await stage.until(lambda: not stage.links[-1][0])
        await stage.venue.come_back()
        await stage.until(lambda: stage.links[-1][0])

    async def test_a_deaf_stream_is_found_out_by_an_order_it_never_speaks_of(
        self, stage: AccountStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cockpit.exchanges.base.private_stream.DEAF_AFTER_S", 0.2)
        stage.venue.user_stream.drop_next = 100
        await stage.account.place(entry(), f"{ID}e1")
        await stage.until(lambda: len(stage.links) >= 3 and stage.links[-1][0])
        assert f"expected word of order {ID}e1" in stage.links[1][1]

    async def test_what_was_accepted_before_it_stood_proves_nothing(self, stage: AccountStage) -> None:
        """As the stop probe's order at every start: nobody heard of it, and nobody could."""
        await stage.venue.go_down()
        await stage.until(lambda: not stage.links[-1][0])
        stage.account._stream.expect(f"{ID}e1")  # type: ignore[attr-defined]
        assert stage.account._stream._expected_ns == {}  # type: ignore[attr-defined]

    async def test_a_quiet_stream_is_left_alone(self, stage: AccountStage) -> None:
        """An order that it spoke of is no reason to doubt it, however long it is silent afterwards."""
        await stage.account.place(entry(), f"{ID}e1")
        await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))
        assert stage.account._stream._expected_ns == {}  # type: ignore[attr-defined]

    async def test_funding_is_told_once_with_its_asset_and_sign(
        self, stage: AccountStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        stage.venue.pay_funding("BTC", 0.0001)
        stage.account._stream.funding_is_due()  # type: ignore[attr-defined]
        await stage.until(lambda: bool(stage.payments()))
        (payment,) = stage.payments()
        assert payment.asset == "BTC" and payment.amount_usd == pytest.approx(-0.002 * 100_000 * 0.0001, rel=1e-3)
        asked = len(stage.venue.called("history"))
        stage.account._stream.funding_is_due()  # type: ignore[attr-defined]
        await stage.until(lambda: len(stage.venue.called("history")) > asked)
        assert len(stage.payments()) == 1

    async def test_a_liquidation_is_told_as_one(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))
        stage.venue.liquidate("BTC")
        await stage.until(lambda: bool(stage.position_updates()) and stage.position_updates()[-1].qty == 0.0)
        await stage.until(lambda: any(order.detail == "liquidation" for order in self.all_orders(stage)))

    async def test_deleveraging_is_told_as_such(self, stage: AccountStage) -> None:
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        stage.venue.deleverage("BTC", 0.5)
        await stage.until(lambda: any(order.detail == "auto-deleveraging" for order in self.all_orders(stage)))

    async def test_the_probe_is_nobodys_business(self, stage: AccountStage) -> None:
        assert await stage.account.holds_stops("BTC") is None
        await stage.account.place(entry(), f"{ID}e1")
        await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))
        assert [order.client_id for order in self.all_orders(stage)] == [f"{ID}e1"] * len(self.all_orders(stage))

    async def test_a_whole_trade_is_heard(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(), f"{ID}s1")
        await stage.account.place(target(qty=0.001), f"{ID}x1")
        stage.venue.set_price("BTC", 101_000, 101_000.1)
        await stage.account.place(close(qty=0.001), f"{ID}c1")
        await stage.account.cancel("BTC", f"{ID}s1", True)
        await stage.until(lambda: any(order.status is OrderStatus.CANCELLED for order in stage.orders_of(f"{ID}s1")))

        def fills() -> list[int]:
            return [len(stage.fills_of(f"{ID}{suffix}")) for suffix in ("e1", "x1", "c1", "s1")]

        await stage.until(lambda: fills() == [1, 1, 1, 0])
        await stage.until(lambda: bool(stage.position_updates()) and stage.position_updates()[-1].qty == 0.0)

    async def test_an_unreadable_message_breaks_the_link_and_it_is_made_anew(self, stage: AccountStage) -> None:
        assert stage.account._stream.takes(self.unreadable)  # type: ignore[attr-defined]
        await stage.until(lambda: len(stage.links) >= 3 and stage.links[-1][0])
        assert "unreadable message: KeyError" in stage.links[1][1]

    async def test_nothing_it_says_shows_a_key(self, stage: AccountStage) -> None:
        stage.venue.faults.add(dropped_before(), roles={"stream"}, times=3)
        stage.venue.user_stream.kill()
        await stage.until(lambda: len(stage.links) >= 3 and stage.links[-1][0])
        said = " ".join(why for _, why in stage.links)
        assert "listenkey" not in said.lower() and "loopback-" not in said

    unreadable: ClassVar[Any]

    @staticmethod
    def all_orders(stage: AccountStage) -> list:
        return [word.order for word in stage.updates if hasattr(word, "order")]
