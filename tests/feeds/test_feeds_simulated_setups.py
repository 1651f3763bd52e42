"""A newcomer sees something: every setup proposes within five simulated minutes, and the default seed shows it all."""

from collections.abc import Callable
from functools import cache, partial
from itertools import takewhile

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import Decided, TradeChanged
from cockpit.domain.commands import Arm
from cockpit.domain.kinds import ExitReason
from cockpit.domain.units import NS_PER_S
from cockpit.domain.verdict import Verdict
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.feeds.simulated.market import DEFAULT_SEED, SimulatedMarket
from cockpit.paper.venue import PaperVenue

START_NS = 1_760_860_800 * NS_PER_S
FIVE_MINUTES_NS = 300 * NS_PER_S
# Bars are aligned to the epoch, a session starts whenever it starts.
PHASES_NS = (0, 3_700_000_123, 9_100_000_000)


class Watcher:
    """Collects the verdicts and the closes."""

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []
        self.exits: list[ExitReason | None] = []

    def on_input(self, item: object) -> None:
        """Inputs are not looked at."""

    def on_actions(self, actions: object) -> None:
        """Keep what a newcomer would see."""
        assert isinstance(actions, list | tuple)
        for action in actions:
            if isinstance(action, Decided):
                self.verdicts.append(action.verdict)
            if isinstance(action, TradeChanged) and action.change == "closed":
                self.exits.append(action.trade.exit_reason)


Watch = Callable[[int, int], Watcher]


@pytest.fixture(scope="module")
def watch(shipped_config: CockpitConfig) -> Watch:
    """Five armed minutes of a seed's market, run once for every test that looks at them."""
    return cache(partial(run_armed, shipped_config))


def run_armed(config: CockpitConfig, seed: int, start_ns: int) -> Watcher:
    watcher = Watcher()
    session = Session(Engine(config, start_ns), PaperVenue(config), [watcher])
    session.feed(Arm(start_ns, "c-1", "test"))
    market = SimulatedMarket(config, seed, start_ns)
    session.run(takewhile(lambda event: event.ts_ns < start_ns + FIVE_MINUTES_NS, market.events()))
    return watcher


@pytest.mark.parametrize("phase_ns", PHASES_NS)
@pytest.mark.parametrize(
    ("setup", "seed"),
    [
        ("btc_lower_band_long", 16),
        ("btc_lower_band_long", 4),
        ("btc_upper_band_short", 0),
        ("sol_fee_fade", 16),
        ("squeeze_guard.XRP", 16),
        ("squeeze_guard.ETH", 0),
    ],
)
def test_each_setup_proposes_within_five_minutes(watch: Watch, setup: str, seed: int, phase_ns: int) -> None:
    seen = watch(seed, START_NS + phase_ns)
    assert setup in {verdict.proposal.setup for verdict in seen.verdicts}


@pytest.mark.parametrize("phase_ns", PHASES_NS)
def test_the_default_seed_shows_trades_a_denial_a_stop_and_targets_within_five_minutes(
    watch: Watch, phase_ns: int
) -> None:
    seen = watch(DEFAULT_SEED, START_NS + phase_ns)
    assert {verdict.proposal.setup for verdict in seen.verdicts} >= {"btc_upper_band_short", "sol_fee_fade"}
    assert sum(verdict.sent for verdict in seen.verdicts) >= 3
    assert any(not verdict.approved for verdict in seen.verdicts)
    assert ExitReason.STOP in seen.exits
    assert ExitReason.TARGETS in seen.exits


def test_the_failed_break_is_denied_for_each_of_its_reasons_under_some_seed(watch: Watch) -> None:
    reasons = {
        verdict.reason_check for seed in (0, 3) for verdict in watch(seed, START_NS).verdicts if not verdict.approved
    }
    assert {"short_pct", "setup_squeeze"} <= reasons
