"""Starting again: what an earlier engine left is taken over, with stamps and ids that only grow."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.domain.account import Account, EngineMemory
from cockpit.domain.actions import AnyAction, MemoryChanged, Notice, TradeChanged
from cockpit.domain.events import Top
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.units import NS_PER_S, utc_day
from cockpit.journal.recordings import RecordingHeader, RecordingWriter
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal
from cockpit.paper.venue import PaperVenue
from cockpit.replay.replay import run_replay
from cockpit.runtime.host import Host
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.startup import CannotStart, build_host
from tests.journal.journal_samples import opened

AHEAD_NS = 3_600 * NS_PER_S


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "home", Path("unused"))
    found.make_home()
    return found


@contextmanager
def built(places: Places, config: CockpitConfig, options: EngineOptions) -> Iterator[Host]:
    host = build_host(places, config, options)
    try:
        yield host
    finally:
        asyncio.run(host.stop())


def leave(
    places: Places, kind: FeedKind, session_id: int, now_ns: int, mode: Mode = Mode.PAPER, *more: AnyAction
) -> None:
    """A journal that ends with a loss of the day, and a notice a little later."""
    journal = Journal(places.journal)
    journal.begin(SessionInfo(session_id, now_ns, kind, mode, "digest", "test"))
    account = Account(utc_day(now_ns), now_ns, realised_usd=-3.0, trades_today=2)
    journal.append([MemoryChanged(now_ns, EngineMemory(mode, EngineState.ARMED, account, 7, 3))])
    journal.append([Notice(now_ns + NS_PER_S, "info", "test", "later"), *more])
    assert journal.close()


def open_trade() -> TradeChanged:
    """A trade of test mode, open when its engine ended."""
    trade = opened(1, mode=Mode.TEST)
    return TradeChanged(trade.opened_ns or 0, trade, "opened")


def test_time_and_session_ids_only_grow(places: Places, shipped_config: CockpitConfig) -> None:
    """The last engine ran on a fast simulated market, an hour ahead of the wall clock, which was set back since."""
    ahead_ns = time.time_ns() + AHEAD_NS
    leave(places, FeedKind.SIMULATED, ahead_ns, ahead_ns)
    with built(places, shipped_config, EngineOptions()) as host:
        assert host.engine.now_ns >= ahead_ns + NS_PER_S
        account = host.engine.risk.accountant.account
        if account.utc_day == utc_day(ahead_ns):
            assert (account.realised_usd, account.trades_today) == (-3.0, 2)
        assert (host.engine.decisions.next_verdict, host.engine.decisions.next_trade) == (7, 3)
    journal = Journal(places.journal)
    found = journal.latest_restore(0, FeedKind.SIMULATED)
    journal.close()
    assert found is not None
    assert found.session_id > ahead_ns
    assert found.lineage == ahead_ns


def test_a_recording_starts_over_with_its_account(
    places: Places, shipped_config: CockpitConfig, tmp_path: Path
) -> None:
    start_ns = 1_760_875_200 * NS_PER_S
    leave(places, FeedKind.RECORDED, 1, start_ns + AHEAD_NS)
    path = tmp_path / "market.rec"
    header = RecordingHeader(
        created_ns=1, origin="import", source="test", config_json="{}", mode=Mode.PAPER, start_ns=start_ns
    )
    with RecordingWriter(path, header) as recording:
        recording.write_input(Top(start_ns, start_ns, "binance", "BTC", 1.0, 1.0, 2.0, 1.0))
    with built(places, shipped_config, EngineOptions(feed=str(path))) as host:
        assert host.engine.now_ns == start_ns
        assert host.engine.risk.accountant.account.trades_today == 0


def test_what_is_open_in_a_real_mode_is_not_taken_over_by_paper(places: Places, shipped_config: CockpitConfig) -> None:
    leave(places, FeedKind.SIMULATED, 1, time.time_ns(), Mode.TEST, open_trade())
    with pytest.raises(CannotStart, match=r"ends in test mode with 1 trade and 0 orders open.*start with --mode test"):
        build_host(places, shipped_config, EngineOptions())


def test_a_real_mode_with_nothing_open_is_left_for_paper(places: Places, shipped_config: CockpitConfig) -> None:
    leave(places, FeedKind.SIMULATED, 1, time.time_ns(), Mode.TEST)
    with built(places, shipped_config, EngineOptions()) as host:
        assert host.gate is not None and host.gate.live_venues is None
        assert isinstance(host.session.venue, PaperVenue)


@pytest.mark.parametrize("feed", ["sim", "a.rec"])
def test_a_real_mode_needs_the_real_market(feed: str, places: Places, shipped_config: CockpitConfig) -> None:
    with pytest.raises(CannotStart, match=f"expected --feed live for test mode, was {feed}"):
        build_host(places, shipped_config, EngineOptions(mode=Mode.TEST, feed=feed))


def test_max_trades_narrows_the_day_and_never_widens_it(places: Places, shipped_config: CockpitConfig) -> None:
    for asked, used in ((0, 0), (2, 2), (100, shipped_config.limits.max_trades_per_day)):
        with built(places, shipped_config, EngineOptions(max_trades=asked)) as host:
            assert host.config.limits.max_trades_per_day == used


def test_what_was_recorded_under_any_max_trades_can_be_verified(places: Places, shipped_config: CockpitConfig) -> None:
    with built(places, shipped_config, EngineOptions(max_trades=0)):
        pass
    (recording,) = places.recordings.glob("*.rec")
    assert run_replay(recording, None, verify=True).verified is True
