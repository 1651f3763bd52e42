"""What every venue must do, whatever is behind it. Subclass `VenueContract` and give it a `desk` to drive it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import pytest

from cockpit.domain.events import OrderCancelled, OrderFilled, OrderRejected, VenueEvent, VenueFlat, VenuePosition
from cockpit.domain.kinds import OrderRole, OrderType, Side
from cockpit.domain.orders import OrderRequest

BUY, SELL = Side.LONG, Side.SHORT
BID, ASK = 99_999.0, 100_000.0
LOT = 0.001


class ContractStage(ABC):
    """A venue with its market in our hands. Each call returns what the venue said until it had dealt with it."""

    venue = "binance"
    asset = "BTC"

    @abstractmethod
    def quote(self, bid: float, ask: float, qty: float) -> Sequence[VenueEvent]:
        """The book shows this top."""

    @abstractmethod
    def trade(self, price: float, qty: float) -> Sequence[VenueEvent]:
        """The market prints."""

    @abstractmethod
    def place(self, request: OrderRequest) -> Sequence[VenueEvent]:
        """Send an order."""

    @abstractmethod
    def cancel(self, order_id: str) -> Sequence[VenueEvent]:
        """Cancel an order."""

    @abstractmethod
    def query(self, order_id: str) -> Sequence[VenueEvent]:
        """Ask for an order."""

    @abstractmethod
    def query_position(self) -> Sequence[VenueEvent]:
        """Ask for the position."""

    @abstractmethod
    def flatten(self) -> Sequence[VenueEvent]:
        """Flatten the venue, until it stops speaking."""

    def order(
        self,
        order_id: str,
        side: Side,
        qty: float,
        role: OrderRole = OrderRole.ENTRY,
        limit: float | None = None,
        trigger: float | None = None,
    ) -> Sequence[VenueEvent]:
        """Send an order of this contract's making; everything but an entry is reduce-only."""
        kind = OrderType.LIMIT if limit else OrderType.STOP_MARKET if trigger else OrderType.MARKET
        return self.place(
            OrderRequest(
                order_id=order_id,
                trade_id="t1",
                venue=self.venue,
                asset=self.asset,
                side=side,
                role=role,
                order_type=kind,
                qty=qty,
                reduce_only=role is not OrderRole.ENTRY,
                decided_ns=0,
                decision_price=ASK,
                limit_price=limit,
                trigger_price=trigger,
            )
        )

    def held(self) -> float:
        """The position by the venue's own word."""
        return next(event.qty for event in self.query_position() if isinstance(event, VenuePosition))


def kinds(events: Sequence[VenueEvent], order_id: str) -> list[str]:
    """What was said of one order, in order."""
    return [type(event).__name__ for event in events if getattr(event, "order_id", None) == order_id]


def filled_qty(events: Sequence[VenueEvent], order_id: str) -> float:
    return sum(event.qty for event in events if isinstance(event, OrderFilled) and event.order_id == order_id)


class VenueContract(ABC):
    """Inherit, provide the `desk` fixture, and every rule below is asked of your venue."""

    @pytest.fixture
    @abstractmethod
    def stage(self) -> ContractStage:
        """The venue under test, flat and without orders, its book at BID and ASK with ample size."""

    def test_an_order_is_accepted_before_it_fills_and_fills_whole(self, stage: ContractStage) -> None:
        events = stage.order("e1", BUY, 10 * LOT)
        assert kinds(events, "e1")[0] == "OrderAccepted"
        assert filled_qty(events, "e1") == pytest.approx(10 * LOT)
        assert stage.held() == pytest.approx(10 * LOT)

    def test_a_taker_pays_a_fee_and_no_better_than_the_book(self, stage: ContractStage) -> None:
        fills = [event for event in stage.order("e1", BUY, 10 * LOT) if isinstance(event, OrderFilled)]
        assert fills
        assert all(fill.price >= ASK and fill.fee_usd > 0 and not fill.is_maker for fill in fills)

    def test_an_order_id_sent_twice_executes_once(self, stage: ContractStage) -> None:
        stage.order("e1", BUY, 10 * LOT)
        assert filled_qty(stage.order("e1", BUY, 10 * LOT), "e1") == 0.0
        assert stage.held() == pytest.approx(10 * LOT)

    def test_a_refused_order_says_why_and_never_executes(self, stage: ContractStage) -> None:
        events = stage.order("bad", BUY, 10.5 * LOT)
        assert [event.reason != "" for event in events if isinstance(event, OrderRejected)] == [True]
        assert stage.held() == 0.0

    def test_a_resting_limit_waits_until_it_is_cancelled(self, stage: ContractStage) -> None:
        assert kinds(stage.order("e1", BUY, 10 * LOT, limit=99_000.0), "e1") == ["OrderAccepted"]
        assert kinds(stage.cancel("e1"), "e1") == ["OrderCancelled"]
        assert filled_qty(stage.trade(98_000.0, 1.0), "e1") == 0.0

    def test_a_query_of_a_working_order_says_accepted(self, stage: ContractStage) -> None:
        stage.order("e1", BUY, 10 * LOT, limit=99_000.0)
        assert kinds(stage.query("e1"), "e1") == ["OrderAccepted"]

    def test_a_query_of_an_order_the_venue_never_had_says_rejected(self, stage: ContractStage) -> None:
        assert kinds(stage.query("never"), "never") == ["OrderRejected"]

    def test_a_query_of_a_cancelled_order_says_cancelled(self, stage: ContractStage) -> None:
        stage.order("e1", BUY, 10 * LOT, limit=99_000.0)
        stage.cancel("e1")
        assert kinds(stage.query("e1"), "e1") == ["OrderCancelled"]

    def test_reduce_only_opens_nothing(self, stage: ContractStage) -> None:
        assert kinds(stage.order("c1", SELL, 10 * LOT, OrderRole.CLOSE), "c1") == ["OrderRejected"]
        assert stage.held() == 0.0

    def test_reduce_only_never_turns_a_position(self, stage: ContractStage) -> None:
        stage.order("e1", BUY, 10 * LOT)
        events = stage.order("c1", SELL, 30 * LOT, OrderRole.CLOSE)
        assert filled_qty(events, "c1") == pytest.approx(10 * LOT)
        assert stage.held() == 0.0

    def test_a_stop_rests_until_its_trigger_trades_and_then_closes(self, stage: ContractStage) -> None:
        stage.order("e1", BUY, 10 * LOT)
        assert kinds(stage.order("s1", SELL, 10 * LOT, OrderRole.STOP, trigger=99_700.0), "s1") == ["OrderAccepted"]
        assert kinds(stage.trade(99_800.0, 1.0), "s1") == []
        stage.quote(99_690.0, 99_691.0, 10.0)
        events = stage.trade(99_690.0, 1.0)
        assert filled_qty(events, "s1") == pytest.approx(10 * LOT)
        assert all(event.price <= 99_690.0 for event in events if isinstance(event, OrderFilled))

    def test_a_position_is_reported_signed(self, stage: ContractStage) -> None:
        stage.order("e1", SELL, 10 * LOT)
        assert stage.held() == pytest.approx(-10 * LOT)

    def test_flatten_ends_with_nothing_held_nothing_resting_and_flat_said_twice(self, stage: ContractStage) -> None:
        stage.order("e1", BUY, 10 * LOT)
        stage.order("s1", SELL, 10 * LOT, OrderRole.STOP, trigger=99_700.0)
        stage.order("t1", SELL, 5 * LOT, OrderRole.TARGET, limit=100_900.0)
        stage.order("e2", BUY, 10 * LOT, limit=99_000.0)
        events = stage.flatten()
        assert sum(isinstance(event, VenueFlat) for event in events) == 2
        gone = [event.order_id for event in events if isinstance(event, OrderCancelled)]
        assert sorted(gone) == ["e2", "s1", "t1"]
        (position,) = [event for event in stage.query_position() if isinstance(event, VenuePosition)]
        assert (position.qty, position.open_orders) == (0.0, 0)

    def test_flatten_cancels_the_stop_only_after_the_position_is_closed(self, stage: ContractStage) -> None:
        stage.order("e1", BUY, 10 * LOT)
        stage.order("s1", SELL, 10 * LOT, OrderRole.STOP, trigger=99_700.0)
        events = stage.flatten()
        last_fill = max(n for n, event in enumerate(events) if isinstance(event, OrderFilled))
        stop_gone = next(n for n, event in enumerate(events) if isinstance(event, OrderCancelled))
        assert last_fill < stop_gone
