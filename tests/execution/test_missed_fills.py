"""When a position that nothing explains counts as gone: after a minute of looking, not after a minute."""

import time

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import VenueEvent
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.order_ids import OrderIds
from cockpit.exchanges.base.timing import Timing
from cockpit.execution.foreign_activity import ForeignActivity
from cockpit.execution.missed_fills import MissedFills
from cockpit.execution.venue_context import Pace, VenueContext
from tests.execution.real_stage import PREFIX, account_on
from tests.venue_pairs import venue_kind

ON_BOTH_PAIRS = True


class SetClock:
    def __init__(self) -> None:
        self.now_ns = time.time_ns()

    def __call__(self) -> int:
        return self.now_ns


@pytest.mark.parametrize("name", ["binance", "okx"])
async def test_a_machine_that_slept_has_not_looked_for_a_minute(shipped_config: CockpitConfig, name: str) -> None:
    """A venue hides the position, and the machine is suspended after the first look: the next one is the second."""
    clock, pace = SetClock(), Pace()
    told: list[VenueEvent] = []
    async with venue_kind(name)() as venue:
        account = account_on(venue, name, shipped_config)
        await account.open()
        try:
            context = VenueContext(account, ["BTC"], OrderIds(PREFIX), told.append, Timing(clock), pace)
            context.expected["BTC"] = 0.01
            missed = MissedFills(context, ForeignActivity(context))
            assert not await missed.settle("BTC", 0.0)
            clock.now_ns += round(2 * pace.gone_after_s * NS_PER_S)
            assert [await missed.settle("BTC", 0.0) for _ in range(3)] == [False, False, True]
        finally:
            await account.close()
