"""A real wire capture through the loopback venue and the real client library into a running engine, all timed."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cockpit.config.endpoints import VenueUrls
from cockpit.config.live import LiveSection
from cockpit.config.model import CockpitConfig
from cockpit.domain.commands import Arm
from cockpit.domain.events import AnyEvent, Top, Trade
from cockpit.domain.kinds import Mode, Reading
from cockpit.domain.units import NS_PER_MS
from cockpit.domain.wire import Input
from cockpit.engine.machine import Engine
from cockpit.exchanges.base.feed import Put
from cockpit.exchanges.base.streams import ExchangeStreams
from cockpit.exchanges.binance.market import Binance
from cockpit.feeds.roster import Member, Roster
from cockpit.journal.recordings import RecordingHeader, RecordingWriter
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal
from cockpit.runtime.host import Host
from cockpit.runtime.live_source import LiveSource
from tests.feeds_live.wire_player import Capture, Line, Player, Sent
from tests.patience import patient_s

PATIENT = LiveSection(silent_after_s=120, quiet_after_s=600)
START_WITHIN_S = patient_s(40.0)


class TimedSource(LiveSource):
    """Notes when each print was handed to the engine's inbox."""

    def __init__(self, config: CockpitConfig, roster: Roster) -> None:
        super().__init__(config, roster)
        self.handed_ns: dict[int, int] = {}

    async def run(self, put: Put) -> None:
        def noted(source: str, event: AnyEvent) -> Awaitable[None]:
            if isinstance(event, Trade):
                self.handed_ns[event.trade_id] = time.perf_counter_ns()
            return put(source, event)

        await super().run(noted)


class TimedHost(Host):
    """Notes when the engine was done with each print, and on which prints and tops it gave a verdict."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.decided_ns: dict[int, int] = {}
        self.verdicts: list[tuple[Trade | Top, int]] = []

    def _feed(self, item: Input) -> None:
        before = self.recent.decisions
        super()._feed(item)
        if isinstance(item, Trade | Top):
            now_ns = time.perf_counter_ns()
            if isinstance(item, Trade):
                self.decided_ns[item.trade_id] = now_ns
            if self.recent.decisions != before:
                self.verdicts.append((item, now_ns))


class Timed(NamedTuple):
    """What became of the prints: their ids as the engine saw them, and milliseconds since each left the venue."""

    expected: list[int]
    seen: list[int]
    missing: int
    to_event_ms: list[float]
    to_decision_ms: list[float]
    to_verdict_ms: list[float]
    recording: Path


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def played(home: Path, config: CockpitConfig, capture: Capture, lines: list[Line], speed: float) -> Timed:
    """Play the lines to an armed engine, restamped as if they happened now, and stop it when all were decided on.

    The config's market context is held, so that the gate has every reading a verdict needs.
    """
    expected = [line.trade_id for line in lines if line.trade_id is not None]
    lasts_s = (lines[-1].recv_ns - lines[0].recv_ns) / 1e9 / speed if speed else 0.0
    with Player(capture.snapshot, lines, speed, restamped=True) as player:
        urls = await player.next_message(START_WITHIN_S)
        host, streams = _host(home, config, urls)
        host.start()
        try:
            assert (await host.command(lambda now_ns, command_id: Arm(now_ns, command_id, "test"))).ok
            async with asyncio.timeout(START_WITHIN_S + lasts_s):
                sent: Sent = await player.next_message(START_WITHIN_S + lasts_s)
                while len(host.decided_ns) < len(expected):
                    await asyncio.sleep(0.005)
        finally:
            await host.stop()
    assert isinstance(host.source, TimedSource)
    return Timed(
        expected=expected,
        seen=list(host.decided_ns),
        missing=streams.counts["missing prints"],
        to_event_ms=_waited_ms(host.source.handed_ns, sent.trades),
        to_decision_ms=_waited_ms(host.decided_ns, sent.trades),
        to_verdict_ms=[(at_ns - _sent_ns(item, sent)) / NS_PER_MS for item, at_ns in host.verdicts],
        recording=home / "wire.rec",
    )


def _waited_ms(at_ns: dict[int, int], sent_ns: dict[int, int]) -> list[float]:
    return [(at_ns[trade_id] - sent_ns[trade_id]) / NS_PER_MS for trade_id in sent_ns]


def _sent_ns(item: Trade | Top, sent: Sent) -> int:
    return sent.trades[item.trade_id] if isinstance(item, Trade) else sent.tops[item.ts_ns // NS_PER_MS]


def _host(home: Path, config: CockpitConfig, urls: VenueUrls) -> tuple[TimedHost, ExchangeStreams]:
    exchange = Binance(["BTC"], urls, PATIENT)
    streams = ExchangeStreams(exchange, PATIENT)
    roster = Roster([Member(streams, Reading.STREAM, exchange.name)], {exchange.name: exchange})
    start_ns = time.time_ns()
    journal = Journal(home / "journal.sqlite")
    journal.begin(SessionInfo(1, start_ns, FeedKind.LIVE, Mode.PAPER, "digest", "test"))
    header = RecordingHeader(
        created_ns=start_ns,
        origin="engine",
        source="live",
        config_json=config.model_dump_json(by_alias=True),
        mode=Mode.PAPER,
        start_ns=start_ns,
        hold_context=True,
    )
    engine = Engine(config, start_ns, hold_context=True)
    recording = RecordingWriter(home / "wire.rec", header)
    return TimedHost(config, engine, TimedSource(config, roster), journal, recording), streams
