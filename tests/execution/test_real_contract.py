"""Real venues keep the contract of every venue: the real client library on loopback venues, both of them."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from real_stage import RealStage, real_stage

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import CancelOrder, FlattenVenues, PlaceOrder, QueryOrder, QueryPosition
from cockpit.domain.events import VenueEvent, VenueFlat
from cockpit.domain.orders import OrderRequest
from tests.loopback.exchange_okx import instrument
from tests.paper.venue_contract import ASK, BID, ContractStage, VenueContract

ON_BOTH_PAIRS = True


class RealContractStage(ContractStage):
    """A stage driven step by step. After each step every errand is run to its end, and the venue is read once more."""

    def __init__(self, runner: asyncio.Runner, stage: RealStage) -> None:
        self.venue = stage.name
        self._runner = runner
        self._stage = stage
        self._top = (BID, ASK)

    def quote(self, bid: float, ask: float, qty: float) -> Sequence[VenueEvent]:
        mark = sum(self._top) / 2
        self._top = (bid, ask)
        return self._step(lambda: self._stage.venue.set_price("BTC", bid, ask, mark=mark))

    def trade(self, price: float, qty: float) -> Sequence[VenueEvent]:
        return self._step(lambda: self._stage.venue.set_price("BTC", *self._top, mark=price))

    def place(self, request: OrderRequest) -> Sequence[VenueEvent]:
        return self._step(lambda: self._stage.venues.submit(PlaceOrder(0, request)))

    def cancel(self, order_id: str) -> Sequence[VenueEvent]:
        return self._step(lambda: self._stage.venues.submit(CancelOrder(0, order_id, self.venue, self.asset)))

    def query(self, order_id: str) -> Sequence[VenueEvent]:
        return self._step(lambda: self._stage.venues.submit(QueryOrder(0, order_id, self.venue, self.asset)))

    def query_position(self) -> Sequence[VenueEvent]:
        asked = QueryPosition(0, self.venue, self.asset)
        return self._step(lambda: self._stage.venues.submit(asked), reads=False)

    def flatten(self) -> Sequence[VenueEvent]:
        return self._step(lambda: self._stage.venues.submit(FlattenVenues(0, (self.venue,), "contract")))

    def _step(self, act: Callable[[], object], reads: bool = True) -> Sequence[VenueEvent]:
        first = len(self._stage.events)

        async def do() -> None:
            act()
            await self._stage.settled(reads)

        self._runner.run(do())
        return self._stage.events[first:]


def on_the_contracts_grid(venue: Any) -> None:
    """OKX's lot is a tenth of the contract's; everywhere else it is the same."""
    if venue.symbol("BTC").endswith("-SWAP"):
        if hasattr(venue, "instruments"):
            venue.instruments = [{**instrument(base), "lotSz": "0.1", "minSz": "0.1"} for base in venue.bases]
        rules = venue.core.rules
        rules.update({name: replace(rule, lot=Decimal("0.1"), min_qty=Decimal("0.1")) for name, rule in rules.items()})


class RealContract(VenueContract):
    name = ""

    @pytest.fixture
    def stage(self, shipped_config: CockpitConfig) -> Iterator[RealContractStage]:
        with asyncio.Runner() as runner:
            staged = real_stage(shipped_config, self.name, prepare=on_the_contracts_grid)
            stage = runner.run(staged.__aenter__())
            stage.venue.core.reserves = False
            stage.venue.set_price("BTC", BID, ASK, mark=ASK)
            try:
                yield RealContractStage(runner, stage)
            finally:
                runner.run(staged.__aexit__(None, None, None))


class TestBinance(RealContract):
    name = "binance"


class TestOkx(RealContract):
    name = "okx"


def test_flat_is_said_once_for_each_look(shipped_config: CockpitConfig) -> None:
    """The two looks are apart, and carry their own time."""

    async def reads() -> list[int]:
        async with real_stage(shipped_config) as stage:
            stage.flatten()
            await stage.until(lambda: stage.flat_reads == 2)
            return [event.ts_ns for event in stage.events if isinstance(event, VenueFlat)]

    first, second = asyncio.run(reads())
    assert second - first >= 200_000_000
