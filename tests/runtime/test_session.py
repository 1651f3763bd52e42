"""The loop of engine and venue: the same whichever way it is fed, and orders wait for nobody who listens."""

from collections.abc import Sequence

import pytest

from cockpit.domain.actions import AnyAction
from cockpit.domain.commands import Signal
from cockpit.domain.events import AnyEvent, Tick
from cockpit.domain.kinds import Mode
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.paper.venue import PaperVenue
from cockpit.replay.tally import Tally
from tests.engine.scenario import ARBITRAGE, NOON_NS, Collector, Scenario, config_with


class Failing:
    """A sink that cannot take what it is told."""

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        raise OSError("disk full")


def test_an_order_is_at_the_venue_although_a_sink_fails() -> None:
    scene = Scenario(config_with())
    scene.session = Session(scene.engine, scene.venue, [Failing()])
    signal = Signal(scene.now_ns, "c1", "test", ARBITRAGE, "ETH", 41.5, Mode.PAPER)
    with pytest.raises(OSError, match="disk full"):
        scene.session.feed(signal)
    with pytest.raises(OSError, match="disk full"):
        scene.session.feed(Tick(scene.now_ns + 60_000_000))
    assert scene.position("ETH") == 0.01


def test_running_and_feeding_come_to_the_same() -> None:
    source = Scenario(config_with("bands.BTC.lower=[[108300,108380]]"), armed=False)
    for step in range(400):
        source.wait_s(1)
        source.trade("BTC", 108_340.0 + step % 90, buys=step % 3 > 0)
    market = [item for item in source.seen.inputs if isinstance(item, AnyEvent)]
    digests = set()
    for runs in (True, False):
        tally, listener = Tally(), Collector()
        session = Session(
            Engine(source.config, NOON_NS), PaperVenue(source.config), [tally], [] if runs else [listener]
        )
        session.run(market)
        digests.add(tally.digest)
        assert runs or listener.inputs == market
    assert len(digests) == 1
