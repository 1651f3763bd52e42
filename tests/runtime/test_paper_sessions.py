"""On paper entries keep to the hours of the venue that is traded, as its public products tell them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from cockpit.config.endpoints import VenueUrls
from cockpit.config.live import LiveSection
from cockpit.config.model import CockpitConfig
from cockpit.domain.events import AnyEvent, VenueNotice
from cockpit.domain.kinds import VenueTopic
from cockpit.exchanges.coinbase.market import Coinbase
from cockpit.runtime.paper_sessions import PaperSessions
from tests.execution.account_stage import with_venue
from tests.loopback.exchange_coinbase import CoinbaseVenue, iso, wall_ms

MINUTE_MS = 60_000


class Scene:
    """The venue, its public side and what it brings; `mode` is the engine's."""

    def __init__(self, config: CockpitConfig, venue: CoinbaseVenue) -> None:
        urls = VenueUrls(venue.rest_url, venue.ws_url)
        self.exchanges = {"coinbase": Coinbase(list(config.assets), urls, LiveSection())}
        self.venue = venue
        self.is_paper = True
        self.notices: list[VenueNotice] = []
        self.sessions = PaperSessions(config, self, self.put, lambda: self.is_paper)

    def now_ns(self) -> int:
        return time.time_ns()

    async def put(self, source: str, event: AnyEvent) -> None:
        assert source == "sessions" and isinstance(event, VenueNotice)
        self.notices.append(event)

    async def until(self, holds: Any) -> None:
        async with asyncio.timeout(20.0):
            while not holds():
                await asyncio.sleep(0.01)

    @property
    def last(self) -> VenueNotice:
        return self.notices[-1]


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.runtime.paper_sessions.POLL_EVERY_S", 0.05)
    monkeypatch.setattr("cockpit.runtime.paper_sessions.ASK_EVERY_S", 0.2)
    monkeypatch.setattr("cockpit.runtime.paper_sessions.READ_EVERY_S", 0.1)


@asynccontextmanager
async def on_paper(config: CockpitConfig, **session: Any) -> AsyncIterator[Scene]:
    async with CoinbaseVenue(wall_ms) as venue:
        venue.session.update(session)
        assets = {name: one.model_copy(update={"trade_on": "coinbase"}) for name, one in config.assets.items()}
        scene = Scene(with_venue(config, "coinbase").model_copy(update={"assets": assets}), venue)
        running = asyncio.create_task(scene.sessions.run())
        try:
            yield scene
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await scene.exchanges["coinbase"].close()


async def test_no_entry_before_its_hours_are_known_nor_before_it_closes(shipped_config: CockpitConfig) -> None:
    async with on_paper(shipped_config, close_time=iso(wall_ms() + 20 * MINUTE_MS)) as scene:
        await scene.until(lambda: scene.notices and "ends its session at" in scene.last.sentence)
        assert scene.notices[0].sentence == "coinbase has not told when it trades: no entry there before that"
        assert (scene.last.venue, scene.last.asset, scene.last.topic) == ("coinbase", "", VenueTopic.SESSION)
        assert "no new entry in the 30 min before" in scene.last.sentence
        scene.venue.session.clear()
        await scene.until(lambda: scene.last.is_over)
        assert scene.last.sentence == "coinbase is open: entries may start"


async def test_other_modes_ask_the_account_and_back_on_paper_it_begins_anew(shipped_config: CockpitConfig) -> None:
    closed = {"is_session_open": False, "closed_reason": "FCM_TRADING_SESSION_CLOSED_REASON_HOLIDAY"}
    async with on_paper(shipped_config, **closed) as scene:
        await scene.until(lambda: scene.notices and "closed (holiday)" in scene.last.sentence)
        scene.is_paper = False
        await asyncio.sleep(0.2)
        known = len(scene.notices)
        scene.venue.session.clear()
        await asyncio.sleep(0.5)
        assert len(scene.notices) == known
        scene.venue.session.update(closed)
        scene.is_paper = True
        await scene.until(lambda: len(scene.notices) > known)
        assert "closed (holiday)" in scene.last.sentence and not scene.last.is_over


def test_a_venue_that_never_closes_needs_none(shipped_config: CockpitConfig) -> None:
    class Nowhere:
        exchanges: ClassVar[dict[str, Any]] = {}

        def now_ns(self) -> int:
            return 0

    async def put(source: str, event: AnyEvent) -> None: ...

    assert PaperSessions(shipped_config, Nowhere(), put, lambda: True).venues == []
