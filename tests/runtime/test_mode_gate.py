"""What the host looks up before a real mode: the market, the evidence, and nothing of the network without them."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places, shipped_config_path
from cockpit.config.secrets import MissingKeys
from cockpit.domain.commands import Arm, SetMode
from cockpit.domain.kinds import Mode
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.exchanges.base.account import VenueAccount
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal
from cockpit.paper.venue import PaperVenue
from cockpit.runtime.mode_gate import ModeGate
from tests.journal.journal_samples import life

START_NS = 1_760_875_200_000_000_000
EASY = ("modes.way_up.paper_hours=0", "modes.way_up.min_paper_trades=1", "modes.way_up.min_win_rate_pct=50")


class GateStage:
    """What a gate stands before, and the accounts that were asked for."""

    def __init__(self, home: Path, config: CockpitConfig, kind: FeedKind) -> None:
        places = Places(home, shipped_config_path())
        places.make_home()
        self.config = config
        self.journal = Journal(places.journal)
        self.journal.begin(SessionInfo(1, START_NS, kind, Mode.PAPER, "digest", "test"))
        self.session = Session(Engine(config, START_NS), PaperVenue(config))
        self.asked_for: list[tuple[str, ...]] = []
        self.gate = ModeGate(self, places, kind, lambda event: None, self.accounts)

    def accounts(self, venues: Collection[str], mode: Mode) -> Mapping[str, VenueAccount]:
        self.asked_for.append(tuple(venues))
        raise MissingKeys("expected COCKPIT_OKX_API_KEY, was not set")

    async def mode(self, mode: Mode, override: str = "", open_trades: int = 0) -> SetMode:
        return await self.gate.before_mode(SetMode(START_NS, "c1", "test", mode, override), open_trades)


@pytest.fixture
def make(tmp_path: Path):  # type: ignore[no-untyped-def]
    made: list[GateStage] = []

    def stage(kind: FeedKind = FeedKind.LIVE, *overrides: str) -> GateStage:
        made.append(GateStage(tmp_path / "home", load_config(shipped_config_path(), overrides), kind))
        return made[-1]

    yield stage
    for one in made:
        one.journal.close()


@pytest.mark.parametrize("kind", [FeedKind.SIMULATED, FeedKind.RECORDED])
async def test_real_orders_need_the_real_market(kind: FeedKind, make) -> None:  # type: ignore[no-untyped-def]
    stage = make(kind)
    found = await stage.mode(Mode.LIVE, override="trust me")
    assert found.refusal.startswith(f"expected the live feed for live mode, was {kind.value}")
    assert stage.asked_for == []


async def test_without_evidence_and_override_no_account_is_made(make) -> None:  # type: ignore[no-untyped-def]
    stage = make()
    found = await stage.mode(Mode.TEST)
    assert (found.way_up_open, found.refusal, stage.asked_for) == (False, "", [])


async def test_the_journal_opens_the_way_up(make) -> None:  # type: ignore[no-untyped-def]
    stage = make(FeedKind.LIVE, *EASY)
    stage.journal.append(life(1, 0.05))
    found = await stage.mode(Mode.TEST)
    assert found.way_up_open
    assert found.refusal == "expected COCKPIT_OKX_API_KEY, was not set"
    assert not (await stage.mode(Mode.LIVE)).way_up_open


async def test_what_was_traded_on_a_simulated_market_opens_nothing(make) -> None:  # type: ignore[no-untyped-def]
    simulated = make(FeedKind.SIMULATED, *EASY)
    simulated.journal.append(life(1, 0.05))
    assert simulated.journal.close()
    found = await make(FeedKind.LIVE, *EASY).mode(Mode.TEST)
    assert not found.way_up_open


async def test_an_override_climbs_and_the_account_is_looked_at_all_the_same(make) -> None:  # type: ignore[no-untyped-def]
    stage = make()
    found = await stage.mode(Mode.TEST, override="a key check")
    assert (found.way_up_open, stage.asked_for) == (False, [("okx",)])
    assert found.refusal == "expected COCKPIT_OKX_API_KEY, was not set"


async def test_with_trades_open_nobody_is_asked(make) -> None:  # type: ignore[no-untyped-def]
    stage = make()
    await stage.mode(Mode.TEST, override="a key check", open_trades=1)
    assert stage.asked_for == []


async def test_paper_is_asked_nothing(make) -> None:  # type: ignore[no-untyped-def]
    stage = make(FeedKind.SIMULATED)
    assert (await stage.mode(Mode.PAPER)).refusal == ""
    assert (await stage.gate.before_arming(Arm(START_NS, "c1", "test"), Mode.PAPER)).refusal == ""
    assert stage.asked_for == []


async def test_no_real_mode_is_armed_without_a_venue_behind_it(make) -> None:  # type: ignore[no-untyped-def]
    found = await make().gate.before_arming(Arm(START_NS, "c1", "test"), Mode.TEST)
    assert found.refusal == "no real venue is behind this engine in test mode"
