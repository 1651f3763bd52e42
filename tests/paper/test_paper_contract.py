"""The paper venue keeps the contract of every venue, with and without latency."""

from collections.abc import Sequence

import pytest
from paper_scene import MakeScene, Scene

from cockpit.domain.events import VenueEvent
from cockpit.domain.orders import OrderRequest
from tests.paper.venue_contract import ASK, BID, ContractStage, VenueContract


class PaperStage(ContractStage):
    """A scene whose requests are given the time they need."""

    def __init__(self, scene: Scene, latency_ms: float):
        self._scene = scene
        self._latency_ms = latency_ms

    def quote(self, bid: float, ask: float, qty: float) -> Sequence[VenueEvent]:
        return self._scene.top(bid, ask, qty)

    def trade(self, price: float, qty: float) -> Sequence[VenueEvent]:
        return self._scene.print(price, qty)

    def place(self, request: OrderRequest) -> Sequence[VenueEvent]:
        return self._answered(self._scene.place(request))

    def cancel(self, order_id: str) -> Sequence[VenueEvent]:
        return self._answered(self._scene.cancel(order_id))

    def query(self, order_id: str) -> Sequence[VenueEvent]:
        return self._answered(self._scene.query(order_id))

    def query_position(self) -> Sequence[VenueEvent]:
        return self._answered(self._scene.query_position())

    def flatten(self) -> Sequence[VenueEvent]:
        return (*self._answered(self._scene.flatten()), *self._answered(()))

    def _answered(self, at_once: Sequence[VenueEvent]) -> Sequence[VenueEvent]:
        return (*at_once, *self._scene.tick(after_ms=self._latency_ms))


class TestPaperWithoutLatency(VenueContract):
    @pytest.fixture
    def stage(self, make_scene: MakeScene) -> PaperStage:
        scene = make_scene()
        scene.top(BID, ASK)
        return PaperStage(scene, latency_ms=1.0)


class TestPaperWithLatency(VenueContract):
    @pytest.fixture
    def stage(self, make_scene: MakeScene) -> PaperStage:
        scene = make_scene(latency_ms=50.0)
        scene.top(BID, ASK)
        return PaperStage(scene, latency_ms=50.0)
