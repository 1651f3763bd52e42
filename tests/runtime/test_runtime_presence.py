"""The hours of the way up: signs of life go into the journal only while the market delivers."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from host_stage import PRICES, START_NS, without_context

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FundingRate, OpenInterest, Positioning, Tick, Top
from cockpit.domain.kinds import Mode
from cockpit.domain.units import NS_PER_S
from cockpit.engine.machine import Engine
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal
from cockpit.runtime.presence import POLL_EVERY_S, Presence


class Session:
    """A real engine and journal on a market that is told what to deliver; time passes look by look."""

    def __init__(self, home: Path, config: CockpitConfig) -> None:
        self.file = home / "journal.sqlite"
        self.journal = Journal(self.file)
        self.journal.begin(SessionInfo(1, START_NS, FeedKind.LIVE, Mode.PAPER, "digest", "test"))
        self.engine = Engine(config, START_NS)
        self.presence = Presence(self.engine, self.journal)
        self.now_ns = START_NS

    def hours_at(self, speed: float, hours: float) -> None:
        """So many of the market's hours at that speed, looked at as often as the presence asks for."""
        presence = Presence(self.engine, self.journal, lambda: speed)
        for _ in range(round(hours * 3600 / (presence.every_s() * speed))):
            self._pass(presence.every_s() * speed)
            presence.check()

    def _pass(self, seconds: float) -> None:
        self.now_ns += round(seconds * NS_PER_S)
        self.engine.on(Tick(self.now_ns))
        for asset, price in PRICES.items():
            self.engine.on(Top(self.now_ns, self.now_ns, "binance", asset, price, 1.0, price * 1.0001, 1.0))
            self._read(asset)

    def minutes(self, count: float, *, streams: bool = True, readings: bool = True) -> None:
        for _ in range(round(count * 60 / POLL_EVERY_S)):
            self.now_ns += round(POLL_EVERY_S * NS_PER_S)
            self.engine.on(Tick(self.now_ns))
            for asset, price in PRICES.items():
                if streams:
                    self.engine.on(Top(self.now_ns, self.now_ns, "binance", asset, price, 1.0, price * 1.0001, 1.0))
                if readings:
                    self._read(asset)
            self.presence.check()

    def _read(self, asset: str) -> None:
        self.engine.on(Positioning(self.now_ns, asset, "binance", 50.0, 50.0))
        self.engine.on(OpenInterest(self.now_ns, asset, "binance", 0.0))
        for venue in ("binance", "okx"):
            self.engine.on(FundingRate(self.now_ns, asset, venue, 0.1))

    def counted_minutes(self) -> list[float]:
        """Each stretch in the journal."""
        assert self.journal.flush()
        with sqlite3.connect(self.file) as connection:
            rows = connection.execute("select from_ns, to_ns from uptime order by from_ns").fetchall()
        connection.close()
        return [(to_ns - from_ns) / NS_PER_S / 60 for from_ns, to_ns in rows]


@pytest.fixture
def session(tmp_path: Path, shipped_config: CockpitConfig) -> Iterator[Session]:
    session = Session(tmp_path, without_context(shipped_config))
    yield session
    session.journal.close()


def test_an_engine_whose_feed_never_spoke_has_no_hours(session: Session) -> None:
    session.minutes(30, streams=False, readings=False)
    assert session.counted_minutes() == []


def test_while_the_market_delivers_every_minute_counts(session: Session) -> None:
    session.minutes(30)
    assert session.counted_minutes() == [29]


def test_silence_does_not_count_and_ends_the_stretch_however_short(session: Session) -> None:
    session.minutes(10)
    session.minutes(0.5, streams=False)
    session.minutes(10)
    first, second = session.counted_minutes()
    assert (first, second) == (pytest.approx(10, abs=1), pytest.approx(10, abs=1))


def test_hours_of_silence_count_for_nothing(session: Session) -> None:
    session.minutes(10)
    session.minutes(180, streams=False, readings=False)
    assert sum(session.counted_minutes()) == pytest.approx(10, abs=1)


def test_prices_without_the_readings_a_trade_needs_do_not_count(session: Session) -> None:
    session.minutes(10)
    session.minutes(60, readings=False)
    assert sum(session.counted_minutes()) == pytest.approx(20, abs=1), "10 minutes until funding is too old"


@pytest.mark.parametrize("speed", [1.0, 50.0, 300.0])
def test_hours_are_of_event_time_at_any_speed(session: Session, speed: float) -> None:
    session.hours_at(speed, 1.5)
    assert sum(session.counted_minutes()) == pytest.approx(90, abs=1.5)
