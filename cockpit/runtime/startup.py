"""Putting an engine process together: its market, its journal, what an earlier engine left, its recording."""

import logging
import time
from pathlib import Path

from cockpit import __version__
from cockpit.config.endpoints import BadEndpoint
from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.domain.kinds import Mode
from cockpit.domain.units import utc_text
from cockpit.engine.machine import Engine
from cockpit.feeds.live.exchange import load_library
from cockpit.feeds.live.roster import roster_of
from cockpit.feeds.simulated import DEFAULT_SEED, SimulatedMarket
from cockpit.journal.errors import RecordingError
from cockpit.journal.recordings import RecordingHeader, RecordingWriter
from cockpit.journal.restore import Restored
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal
from cockpit.runtime.host import Host
from cockpit.runtime.live_source import LiveSource
from cockpit.runtime.market_source import MarketSource, PacedSource, config_digest, simulated_source
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.player import Player, recorded_source

LOG = logging.getLogger("cockpit.engine")


class CannotStart(Exception):
    """The engine cannot be started as asked; the message says what was expected, what was found, and what to do."""


def build_host(places: Places, config: CockpitConfig, options: EngineOptions) -> Host:
    """A host ready to start, holding what the journal says an earlier engine left.

    Raises `CannotStart` for what was asked but cannot be, `JournalError` for a journal that cannot be used.
    """
    _refuse(options)
    used = _with_max_trades(config, options.max_trades)
    journal = Journal(places.journal)
    try:
        return _begin(places, used, options, journal)
    except BaseException:
        journal.close()
        raise


def _begin(places: Places, config: CockpitConfig, options: EngineOptions, journal: Journal) -> Host:
    kind = _kind(options)
    restored = _restored(journal, kind)
    source, start_ns = _source(config, options, restored)
    session_id = time.time_ns() if restored is None else max(time.time_ns(), restored.session_id + 1)
    session = SessionInfo(
        session_id=session_id,
        started_ns=start_ns,
        feed=kind,
        mode=options.mode,
        config_digest=config_digest(config),
        version=__version__,
        source=source.name,
    )
    journal.begin(session, restored)
    engine = Engine(config, start_ns, options.mode)
    recording, recording_error = _recording(places, config, options, start_ns, kind)
    host = Host(config, engine, source, journal, recording, recording_error)
    if isinstance(source, Player):
        source.is_read = lambda: len(host.inbox) == 0
        host.listen(source.on_actions)
    try:
        if restored is not None:
            _restore(host, restored, start_ns)
    except BaseException:
        if recording is not None:
            recording.close()
        raise
    return host


def _restored(journal: Journal, kind: FeedKind) -> Restored | None:
    """What an earlier engine left. A recording starts over each time, and so does the account that trades on it.

    What was left in a mode that this version cannot run is not taken over: its positions are somewhere else.
    """
    if kind is FeedKind.RECORDED:
        return None
    restored = journal.latest_restore(time.time_ns(), kind)
    if restored is not None:
        refusal = refusal_of_mode(restored.command.memory.mode)
        if refusal is not None:
            raise CannotStart(f"the journal ends in {restored.command.memory.mode.value} mode: {refusal}")
    return restored


def _restore(host: Host, restored: Restored, start_ns: int) -> None:
    try:
        host.restore(restored.command, start_ns)
    except (KeyError, ValueError) as error:
        raise CannotStart(
            f"expected a config that lists everything still open in the journal, was: {error}: "
            "put it back until that is closed"
        ) from error


def refusal_of_mode(mode: Mode) -> str | None:
    """Why no engine of this version can be in that mode, at its start or later; None where it can."""
    if mode is Mode.PAPER:
        return None
    return (
        f"expected paper mode, was {mode.value}: this version has no connection to a venue, "
        "so it can hold no real position"
    )


def _refuse(options: EngineOptions) -> None:
    refusal = refusal_of_mode(options.mode)
    if refusal is not None:
        raise CannotStart(refusal)


def _kind(options: EngineOptions) -> FeedKind:
    return {"sim": FeedKind.SIMULATED, "live": FeedKind.LIVE}.get(options.feed, FeedKind.RECORDED)


def _source(config: CockpitConfig, options: EngineOptions, restored: Restored | None) -> tuple[MarketSource, int]:
    """The market and its first instant; no market but a recording's goes on earlier than the last one stopped."""
    if options.feed == "live":
        return _live(config), max(time.time_ns(), restored.last_ns if restored is not None else 0)
    if options.feed != "sim":
        source, start_ns = recorded_source(Path(options.feed), options.speed)
        return source, start_ns
    start_ns = max(time.time_ns(), restored.last_ns if restored is not None else 0)
    seed = DEFAULT_SEED if options.seed is None else options.seed
    market = SimulatedMarket(config, seed, start_ns, options.shocks)
    simulated: PacedSource = simulated_source(market, seed, start_ns, options.speed)
    return simulated, start_ns


def _live(config: CockpitConfig) -> LiveSource:
    """The live market. Its library is imported here, while nothing runs yet that a busy interpreter could hold up."""
    load_library()
    try:
        return LiveSource(config, roster_of(config))
    except BadEndpoint as error:
        raise CannotStart(str(error)) from error


def _with_max_trades(config: CockpitConfig, max_trades: int | None) -> CockpitConfig:
    """`--max-trades` is one more limit on the day's trades, never a wider one."""
    if max_trades is None or max_trades >= config.limits.max_trades_per_day:
        return config
    limits = config.limits.model_copy(update={"max_trades_per_day": max_trades})
    return config.model_copy(update={"limits": limits})


def _recording(
    places: Places, config: CockpitConfig, options: EngineOptions, start_ns: int, kind: FeedKind
) -> tuple[RecordingWriter | None, str]:
    """A recording of the session, or why there is none: a full disk keeps nobody from tending open positions."""
    created_ns = time.time_ns()
    stamp = utc_text(created_ns).replace(":", "").replace("-", "")[:15]
    path = places.recordings / f"{stamp}-{created_ns % 1_000_000_000:09d}.rec"
    header = RecordingHeader(
        created_ns=created_ns,
        origin="engine",
        source=options.feed,
        config_json=config.model_dump_json(by_alias=True),
        mode=options.mode,
        start_ns=start_ns,
        engine_version=__version__,
        feed=kind.value,
    )
    try:
        return RecordingWriter(path, header), ""
    except RecordingError as error:
        LOG.error("%s", error)
        return None, str(error)
