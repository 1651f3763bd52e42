"""What every private stream must survive: frames lost, doubled, late and out of order, dead sockets, deaf ones."""

from typing import Any, ClassVar

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderStatus, Side
from tests.execution.account_desk import Desk, OnADesk, close, desk_of, entry, stop, target
from tests.loopback.trading_faults import dropped_before

ID = "ckaaaaaat000001"


class AccountStreamContract(OnADesk):
    """Subclass it with the venue's `name`."""

    backwards: int
    """So many frames that tell of a triggered stop, the last that fills it among them, come in reverse order."""

    @pytest.fixture
    async def desk(self, shipped_config: CockpitConfig):
        async with desk_of(self.name, shipped_config) as desk:
            await desk.follow()
            yield desk

    async def test_it_says_an_orders_life_and_its_executions(self, desk: Desk) -> None:
        desk.venue.core.fill_next(0.5, 0.5)
        await desk.account.place(entry(qty=0.004), f"{ID}e1")
        await desk.until(lambda: len(desk.fills_of(f"{ID}e1")) == 2)
        assert [fill.qty for fill in desk.fills_of(f"{ID}e1")] == [0.002, 0.002]
        last = desk.orders_of(f"{ID}e1")[-1]
        assert (last.status, last.filled_qty, last.side) == (OrderStatus.FILLED, 0.004, Side.LONG)
        assert [word.qty for word in desk.positions_said()][-1] == 0.004

    async def test_its_executions_are_those_that_are_asked_for(self, desk: Desk) -> None:
        """By the same ids: whichever road they come by, they are booked once."""
        await desk.account.place(entry(), f"{ID}e1")
        await desk.until(lambda: bool(desk.fills_of(f"{ID}e1")))
        found = await desk.account.find("BTC", f"{ID}e1", False)
        assert found is not None
        asked, heard = await desk.account.fills_of(found), desk.fills_of(f"{ID}e1")
        assert [fill._replace(ts_ns=0) for fill in asked] == [fill._replace(ts_ns=0) for fill in heard]

    async def test_a_triggered_stop_speaks_under_its_own_id(self, desk: Desk) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        await desk.account.place(stop(trigger=99_000.0), f"{ID}s1")
        desk.venue.set_price("BTC", 98_900, 98_900.1)
        await desk.until(lambda: bool(desk.fills_of(f"{ID}s1")))
        last = desk.orders_of(f"{ID}s1")[-1]
        assert (last.status, last.filled_qty, last.is_conditional) == (OrderStatus.FILLED, 0.002, False)

    async def test_a_triggered_stop_is_known_when_its_words_come_backwards(self, desk: Desk) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        await desk.account.place(stop(trigger=99_000.0), f"{ID}s1")
        await desk.until(lambda: bool(desk.orders_of(f"{ID}s1")))
        sent = len(desk.venue.user_stream.sent)
        desk.venue.user_stream.hold_next = self.backwards
        desk.venue.set_price("BTC", 98_900, 98_900.1)
        await desk.until(lambda: len(desk.venue.user_stream.sent) >= sent + self.backwards)
        await desk.until(lambda: bool(desk.fills_of(f"{ID}s1")))
        assert [order.status for order in desk.orders_of(f"{ID}s1") if order.status.is_final] == [OrderStatus.FILLED]

    async def test_a_stop_whose_order_was_refused_says_so(self, desk: Desk) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        await desk.account.place(stop(trigger=99_000.0), f"{ID}s1")
        desk.venue.core.algos.rejects_triggered = "Reduce Only reject"
        desk.venue.set_price("BTC", 98_900, 98_900.1)
        await desk.until(lambda: any(order.status is OrderStatus.REJECTED for order in desk.orders_of(f"{ID}s1")))

    async def test_a_frame_that_comes_twice_is_the_same_execution_twice(self, desk: Desk) -> None:
        desk.venue.user_stream.repeat_next = 4
        await desk.account.place(entry(), f"{ID}e1")
        await desk.until(lambda: len([order for order in desk.orders_of(f"{ID}e1") if order.filled_qty]) >= 2)
        await desk.until(lambda: bool(desk.fills_of(f"{ID}e1")))
        assert len(desk.fills_of(f"{ID}e1")) == 1

    async def test_a_socket_that_was_cut_is_dialled_again_and_both_are_told(self, desk: Desk) -> None:
        desk.venue.user_stream.kill()
        await desk.until(lambda: len(desk.links) >= 3 and desk.links[-1][0])
        assert [stands for stands, _ in desk.links] == [True, False, True]
        await desk.account.place(entry(), f"{ID}e1")
        await desk.until(lambda: bool(desk.fills_of(f"{ID}e1")))

    async def test_a_venue_that_was_gone_is_followed_again(self, desk: Desk) -> None:
        await desk.venue.go_down()
        await desk.until(lambda: not desk.links[-1][0])
        await desk.venue.come_back()
        await desk.until(lambda: desk.links[-1][0])

    async def test_a_deaf_stream_is_found_out_by_an_order_it_never_speaks_of(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cockpit.exchanges.base.private_stream.DEAF_AFTER_S", 0.2)
        desk.venue.user_stream.drop_next = 100
        await desk.account.place(entry(), f"{ID}e1")
        await desk.until(lambda: len(desk.links) >= 3 and desk.links[-1][0])
        assert f"expected word of order {ID}e1" in desk.links[1][1]

    async def test_what_was_accepted_before_it_stood_proves_nothing(self, desk: Desk) -> None:
        """As the stop probe's order at every start: nobody heard of it, and nobody could."""
        await desk.venue.go_down()
        await desk.until(lambda: not desk.links[-1][0])
        desk.account._stream.expect(f"{ID}e1")  # type: ignore[attr-defined]
        assert desk.account._stream._expected_ns == {}  # type: ignore[attr-defined]

    async def test_a_quiet_stream_is_left_alone(self, desk: Desk) -> None:
        """An order that it spoke of is no reason to doubt it, however long it is silent afterwards."""
        await desk.account.place(entry(), f"{ID}e1")
        await desk.until(lambda: bool(desk.fills_of(f"{ID}e1")))
        assert desk.account._stream._expected_ns == {}  # type: ignore[attr-defined]

    async def test_funding_is_told_once_with_its_asset_and_sign(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        desk.venue.pay_funding("BTC", 0.0001)
        desk.account._stream.funding_is_due()  # type: ignore[attr-defined]
        await desk.until(lambda: bool(desk.payments()))
        (payment,) = desk.payments()
        assert payment.asset == "BTC" and payment.amount_usd == pytest.approx(-0.002 * 100_000 * 0.0001, rel=1e-3)
        asked = len(desk.venue.called("history"))
        desk.account._stream.funding_is_due()  # type: ignore[attr-defined]
        await desk.until(lambda: len(desk.venue.called("history")) > asked)
        assert len(desk.payments()) == 1

    async def test_a_liquidation_is_told_as_one(self, desk: Desk) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        await desk.until(lambda: bool(desk.fills_of(f"{ID}e1")))
        desk.venue.liquidate("BTC")
        await desk.until(lambda: bool(desk.positions_said()) and desk.positions_said()[-1].qty == 0.0)
        await desk.until(lambda: any(order.detail == "liquidation" for order in self.all_orders(desk)))

    async def test_deleveraging_is_told_as_such(self, desk: Desk) -> None:
        await desk.account.place(entry(qty=0.004), f"{ID}e1")
        desk.venue.deleverage("BTC", 0.5)
        await desk.until(lambda: any(order.detail == "auto-deleveraging" for order in self.all_orders(desk)))

    async def test_the_probe_is_nobodys_business(self, desk: Desk) -> None:
        assert await desk.account.holds_stops("BTC") is None
        await desk.account.place(entry(), f"{ID}e1")
        await desk.until(lambda: bool(desk.fills_of(f"{ID}e1")))
        assert [order.client_id for order in self.all_orders(desk)] == [f"{ID}e1"] * len(self.all_orders(desk))

    async def test_a_whole_trade_is_heard(self, desk: Desk) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        await desk.account.place(stop(), f"{ID}s1")
        await desk.account.place(target(qty=0.001), f"{ID}x1")
        desk.venue.set_price("BTC", 101_000, 101_000.1)
        await desk.account.place(close(qty=0.001), f"{ID}c1")
        await desk.account.cancel("BTC", f"{ID}s1", True)
        await desk.until(lambda: any(order.status is OrderStatus.CANCELLED for order in desk.orders_of(f"{ID}s1")))

        def fills() -> list[int]:
            return [len(desk.fills_of(f"{ID}{suffix}")) for suffix in ("e1", "x1", "c1", "s1")]

        await desk.until(lambda: fills() == [1, 1, 1, 0])
        await desk.until(lambda: bool(desk.positions_said()) and desk.positions_said()[-1].qty == 0.0)

    async def test_an_unreadable_message_breaks_the_link_and_it_is_made_anew(self, desk: Desk) -> None:
        assert desk.account._stream.takes(self.unreadable)  # type: ignore[attr-defined]
        await desk.until(lambda: len(desk.links) >= 3 and desk.links[-1][0])
        assert "unreadable message: KeyError" in desk.links[1][1]

    async def test_nothing_it_says_shows_a_key(self, desk: Desk) -> None:
        desk.venue.faults.add(dropped_before(), roles={"stream"}, times=3)
        desk.venue.user_stream.kill()
        await desk.until(lambda: len(desk.links) >= 3 and desk.links[-1][0])
        said = " ".join(why for _, why in desk.links)
        assert "listenkey" not in said.lower() and "loopback-" not in said

    unreadable: ClassVar[Any]

    @staticmethod
    def all_orders(desk: Desk) -> list:
        return [word.order for word in desk.words if hasattr(word, "order")]
