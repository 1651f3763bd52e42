"""The engine's time in a session: what a sleeping machine missed, a venue that fell silent, a journal that is ahead."""

import time
from pathlib import Path

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.domain.account import Account, EngineMemory
from cockpit.domain.actions import AnyAction, MemoryChanged, TradeChanged
from cockpit.domain.events import Top
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.units import NS_PER_DAY, NS_PER_S, utc_day
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.startup import build_host
from tests.journal.journal_samples import opened
from tests.runtime.host_stage import PRICES, PlayedMarket, staged, without_context

HOUR_NS = 3_600 * NS_PER_S


@pytest.fixture(scope="module")
def config(shipped_config: CockpitConfig) -> CockpitConfig:
    return without_context(shipped_config)


async def test_after_a_sleep_nothing_is_decided_on_what_lay_in_the_queue(tmp_path: Path, config: CockpitConfig) -> None:
    market = PlayedMarket(can_wait=False)
    async with staged(tmp_path, config, market) as stage:
        market.calm()
        await stage.until(lambda: stage.host.engine.market.assets["XRP"].price is not None)
        await stage.arm()
        read_ns = stage.host.engine.now_ns
        market.time_ns += 60 * NS_PER_S
        stage.host.inbox.offer(
            "market", Top(read_ns, read_ns, "binance", "ETH", PRICES["ETH"], 5.0, PRICES["ETH"], 5.0)
        )
        answer = await stage.signal()
        assert not answer.ok, "it was allowed by a price of a minute ago"
        assert "last read 60 s ago, stale after 15 s" in answer.sentence
        assert stage.host.engine.now_ns >= read_ns + 60 * NS_PER_S
        assert stage.host.engine.risk.state is EngineState.STANDING_DOWN


# A journal that a clock wrote which was ahead.


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No venue answers: the session begins by the machine's own clock."""
    for name in ("BINANCEUSDM", "OKX"):
        monkeypatch.setenv(f"COCKPIT_{name}_REST_URL", "http://127.0.0.1:1")
        monkeypatch.setenv(f"COCKPIT_{name}_WS_URL", "ws://127.0.0.1:1")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "home", Path("unused"))
    found.make_home()
    return found


def left_ahead(places: Places, ahead_ns: int, *more: AnyAction) -> int:
    """A live session that a clock stamped which was that far ahead; its last stamp."""
    ends_ns = time.time_ns() + ahead_ns
    journal = Journal(places.journal)
    journal.begin(SessionInfo(1, ends_ns - HOUR_NS, FeedKind.LIVE, Mode.PAPER, "digest", "test"))
    account = Account(utc_day(ends_ns), ends_ns - 60 * NS_PER_S, realised_usd=-3.0, trades_today=2)
    journal.append(list(more))
    journal.append([MemoryChanged(ends_ns, EngineMemory(Mode.PAPER, EngineState.ARMED, account, 7, 3))])
    assert journal.close()
    return ends_ns


async def begun(places: Places, config: CockpitConfig) -> tuple[int, Account, tuple[str, ...]]:
    host = build_host(places, config, EngineOptions(feed="live"))
    try:
        return host.engine.now_ns, host.engine.risk.accountant.account, host.process().clocks
    finally:
        await host.stop()


@pytest.mark.parametrize("ahead_ns", [HOUR_NS, 3 * NS_PER_DAY, 40 * 365 * NS_PER_DAY])
async def test_with_nothing_open_the_right_time_begins_at_once(
    places: Places, shipped_config: CockpitConfig, nowhere: None, ahead_ns: int
) -> None:
    left_ahead(places, ahead_ns)
    now_ns, account, _ = await begun(places, shipped_config)
    assert abs(now_ns - time.time_ns()) < 60 * NS_PER_S
    assert account.utc_day == utc_day(now_ns), "the next midnight begins a new day"
    assert (account.realised_usd, account.trades_today) == (-3.0, 2), "and what was lost still counts"
    again_ns, account, _ = await begun(places, shipped_config)
    assert abs(again_ns - time.time_ns()) < 60 * NS_PER_S
    assert account.trades_today == 2


async def test_what_is_open_goes_on_with_the_time_that_stamped_it(
    places: Places, shipped_config: CockpitConfig, nowhere: None
) -> None:
    ahead_ns = time.time_ns() + HOUR_NS
    trade = opened(1, decided_ns=ahead_ns - 20 * NS_PER_S, opened_ns=ahead_ns - 20 * NS_PER_S)
    ends_ns = left_ahead(places, HOUR_NS, TradeChanged(ahead_ns - 20 * NS_PER_S, trade, "opened"))
    now_ns, _, _ = await begun(places, shipped_config)
    assert ends_ns <= now_ns < ends_ns + 60 * NS_PER_S, "its age and its time stop are as they were"


async def test_a_quick_restart_goes_on_where_the_journal_ends(
    places: Places, shipped_config: CockpitConfig, nowhere: None
) -> None:
    ends_ns = left_ahead(places, 2 * NS_PER_S)
    now_ns, _, _ = await begun(places, shipped_config)
    assert ends_ns <= now_ns
