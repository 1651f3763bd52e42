"""The second venues' records under the names the first ones have, so that the suites can read either."""

from collections.abc import Iterator, MutableMapping
from decimal import Decimal
from typing import Any

from tests.loopback.matching_terms import Coin, Execution, Rules, Status, StopAsked
from tests.loopback.okx_bodies import listed
from tests.loopback_second.amounts import ZERO
from tests.loopback_second.instruments import Instrument
from tests.loopback_second.market import Market
from tests.loopback_second.records import Fill, Order, Trigger

OWNERS = {"hand": "stranger", "liquidation": "venue", "adl": "venue"}
STATES = {
    "NEW": Status.NEW,
    "PARTIALLY_FILLED": Status.PARTIAL,
    "FILLED": Status.FILLED,
    "CANCELED": Status.CANCELED,
    "EXPIRED": Status.EXPIRED,
    "REJECTED": Status.REJECTED,
    "TRIGGERING": Status.TRIGGERING,
    "TRIGGERED": Status.TRIGGERED,
    "FINISHED": Status.FINISHED,
}


class OrderView:
    def __init__(self, order: Order) -> None:
        self.mine = order

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OrderView) and self.mine is other.mine

    def __hash__(self) -> int:
        return hash(self.mine.id)

    def __repr__(self) -> str:
        return f"<{self.client_id} {self.side} {self.qty} {self.symbol} {self.mine.state} {self.filled}>"

    @property
    def order_id(self) -> int:
        return self.mine.id

    @property
    def client_id(self) -> str:
        return self.mine.client_id

    @property
    def symbol(self) -> str:
        return self.mine.instrument

    @property
    def side(self) -> str:
        return self.mine.side.lower()

    @property
    def kind(self) -> str:
        return self.mine.kind.lower()

    @property
    def qty(self) -> Decimal:
        return self.mine.qty

    @property
    def price(self) -> Decimal | None:
        return self.mine.price if self.mine.kind == "LIMIT" else None

    @property
    def tif(self) -> str:
        return self.mine.tif

    @property
    def reduce_only(self) -> bool:
        return self.mine.reduce_only

    @property
    def owner(self) -> str:
        return OWNERS.get(self.mine.source, "client")

    @property
    def algo_id(self) -> int | None:
        return self.mine.trigger_id or None

    @property
    def tag(self) -> str:
        return self.mine.tag

    @property
    def status(self) -> Status:
        return STATES[self.mine.state]

    @property
    def filled(self) -> Decimal:
        return self.mine.filled

    @property
    def left(self) -> Decimal:
        return self.mine.left

    @property
    def average(self) -> Decimal:
        return self.mine.average

    @property
    def works(self) -> bool:
        return self.mine.is_open

    @property
    def held(self) -> bool:
        return self.mine.is_held

    @property
    def created_ms(self) -> int:
        return self.mine.created_ms


class AlgoView:
    def __init__(self, trigger: Trigger, symbol: str = "") -> None:
        self.mine = trigger
        self._symbol = symbol or trigger.instrument

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AlgoView) and self.mine is other.mine

    def __hash__(self) -> int:
        return hash(self.mine.id)

    def __repr__(self) -> str:
        return f"<{self.client_id} {self.asked} {self.mine.state}>"

    @property
    def algo_id(self) -> int:
        return self.mine.id

    @property
    def client_id(self) -> str:
        return self.mine.client_id

    @property
    def asked(self) -> StopAsked:
        mine = self.mine
        price = mine.stop_px if mine.stop_px is not None else mine.target_px
        return StopAsked(
            self._symbol,
            mine.side.lower(),
            "stop" if mine.stop_px is not None else "take_profit",
            price or ZERO,
            None if mine.close_all else mine.qty,
            mine.order_px,
            mine.client_id,
            mine.reduce_only,
            mine.watches,
        )

    @property
    def status(self) -> Status:
        return STATES[self.mine.state]

    @property
    def order_id(self) -> int | None:
        return self.mine.order.id if self.mine.order is not None else None

    @property
    def works(self) -> bool:
        return self.mine.state in ("NEW", "TRIGGERING")

    @property
    def closes_all(self) -> bool:
        return self.mine.close_all

    @property
    def reduces(self) -> bool:
        return self.mine.close_all or self.mine.reduce_only

    @property
    def created_ms(self) -> int:
        return self.mine.created_ms


def execution(fill: Fill, unit: Decimal) -> Execution:
    return Execution(
        fill.id,
        fill.order.id,
        fill.order.client_id,
        fill.instrument,
        fill.side.lower(),
        fill.qty,
        fill.price,
        fill.fee,
        fill.realised,
        fill.is_maker,
        fill.at_ms,
        Coin(),
    )


def rules_of(one: Instrument) -> Rules:
    return Rules(
        one.base,
        one.tick,
        one.lot,
        one.min_qty,
        one.max_qty,
        one.max_market_qty,
        one.min_notional,
        one.contract,
    )


class RulesView(MutableMapping[str, Rules]):
    """Writing one changes what the venue lists and asks for."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def __getitem__(self, symbol: str) -> Rules:
        return rules_of(self._market.instruments[listed(symbol)])

    def __setitem__(self, symbol: str, rules: Rules) -> None:
        one = self._market.instruments[listed(symbol)]
        one.tick, one.lot, one.min_qty, one.max_qty = rules.tick, rules.lot, rules.min_qty, rules.max_qty
        one.max_market_qty, one.min_notional = rules.max_market_qty, rules.min_notional_usd

    def __delitem__(self, symbol: str) -> None:
        raise NotImplementedError

    def __iter__(self) -> Iterator[str]:
        return iter(self._market.instruments)

    def __len__(self) -> int:
        return len(self._market.instruments)


class SettingView(MutableMapping[str, Any]):
    """Leverage, or whether margin is isolated, by symbol; written through to the venue."""

    def __init__(self, symbols: list[str], read: Any, write: Any) -> None:
        self._symbols, self._read, self._write = symbols, read, write

    def __getitem__(self, symbol: str) -> Any:
        return self._read(symbol)

    def __setitem__(self, symbol: str, value: Any) -> None:
        self._write(symbol, value)

    def __delitem__(self, symbol: str) -> None:
        raise NotImplementedError

    def __iter__(self) -> Iterator[str]:
        return iter(self._symbols)

    def __len__(self) -> int:
        return len(self._symbols)
