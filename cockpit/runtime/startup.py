"""Putting an engine process together: its market, its journal, what an earlier engine left, its recording."""

import logging
import time
from pathlib import Path

from msgspec.structs import replace

from cockpit import __version__
from cockpit.config.endpoints import BadEndpoint
from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.config.secrets import MissingKeys
from cockpit.domain.account import Account
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.numbers import counted
from cockpit.domain.units import ns_to_seconds, utc_day, utc_text
from cockpit.engine.machine import Engine
from cockpit.exchanges.base.library import load_library
from cockpit.exchanges.base.steady_clock import SteadyClock
from cockpit.exchanges.base.timing import Timing
from cockpit.feeds.roster import exchanges_read, roster_of
from cockpit.feeds.simulated.market import DEFAULT_SEED, SimulatedMarket
from cockpit.feeds.simulated.profile import read_profile
from cockpit.journal.backtests import BacktestSummaries
from cockpit.journal.build import code_digest
from cockpit.journal.errors import RecordingError
from cockpit.journal.recordings import RecordingHeader, RecordingWriter
from cockpit.journal.restore import Restored
from cockpit.journal.session_limits import limits_text
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal
from cockpit.runtime.backtest_watch import BacktestWatch
from cockpit.runtime.host import Host
from cockpit.runtime.live_source import LiveSource
from cockpit.runtime.market_source import MarketSource, PacedSource, config_digest, simulated_source
from cockpit.runtime.mode_gate import ModeGate
from cockpit.runtime.options import EngineOptions, against_more_trades
from cockpit.runtime.player import Player, recorded_source
from cockpit.runtime.profile_prefix import forget_with_an_older_journal, forget_with_the_journal

LOG = logging.getLogger("cockpit.engine")
CLOCKS_DIFFER_S = 5.0
"""The journal of a quick restart may end so much after now: stamps go on in order."""


class CannotStart(Exception):
    """The engine cannot be started as asked; the message says what was expected, what was found, and what to do."""


def build_host(places: Places, config: CockpitConfig, options: EngineOptions) -> Host:
    """A host ready to start, holding what the journal says an earlier engine left.

    Raises `CannotStart` for what was asked but cannot be, `JournalError` for a journal that cannot be used.
    """
    _refuse(options)
    forget_with_the_journal(places)
    used = _with_max_trades(config, options.max_trades)
    if places.journal.is_emptied_file():
        LOG.warning("%s was there and empty: what it held is gone, this start begins anew", places.journal)
    journal = Journal(places.journal)
    try:
        host = _begin(places, used, options, journal)
    except BaseException:
        journal.close()
        raise
    told = against_more_trades(options.max_trades, config.limits.max_trades_per_day)
    host.start_notes = (told,) if told else ()
    return host


def _begin(places: Places, config: CockpitConfig, options: EngineOptions, journal: Journal) -> Host:
    kind = _kind(options)
    restored = _restored(journal, kind, options.mode)
    forget_with_an_older_journal(places, journal.newest_session())
    source, start_ns = _source(places, config, options, restored)
    restored = None if restored is None else _not_later(restored, start_ns)
    session_id = time.time_ns() if restored is None else max(time.time_ns(), restored.session_id + 1)
    session = SessionInfo(
        session_id=session_id,
        started_ns=start_ns,
        feed=kind,
        mode=restored.command.memory.mode if restored is not None else Mode.PAPER,
        config_digest=config_digest(config),
        version=__version__,
        source=source.name,
        limits=limits_text(config),
    )
    journal.begin(session, restored)
    engine = Engine(config, start_ns)
    recording, recording_error = _recording(places, config, options, start_ns, kind)
    host = Host(config, engine, source, journal, recording, recording_error)
    for sentence in restored.unreadable if restored is not None else ():
        journal.note_damage(sentence)
    host.backtests = BacktestSummaries(places.home).latest
    host.backtest_watch = BacktestWatch(places, kind)
    host.listen(host.backtest_watch.on_actions)
    _note_journal(places)
    host.gate = ModeGate(host, places, kind, host.inbox.answer, timing=Timing(source.now_ns))
    if isinstance(source, Player):
        source.is_read = lambda: len(host.inbox) == 0
        host.listen(source.on_actions)
    try:
        if restored is not None:
            _restore(host, restored, start_ns, kind, options.mode)
    except BaseException:
        if recording is not None:
            recording.close()
        raise
    return host


def _note_journal(places: Places) -> None:
    try:
        places.journal.note()
    except OSError as error:
        LOG.error("where the journal is could not be noted in %s: %s", places.home, error.strerror)


def _restored(journal: Journal, kind: FeedKind, mode: Mode) -> Restored | None:
    """What an earlier engine left. A recording starts over each time, and so does the account that trades on it.

    What is open in one mode is not left behind in another: nobody would tend it.
    """
    if kind is FeedKind.RECORDED:
        return None
    restored = journal.latest_restore(time.time_ns(), kind)
    if restored is None:
        return None
    left, open_trades, open_orders = restored.command.memory, restored.command.trades, _live_orders(restored)
    is_busy = bool(open_trades or open_orders or left.state is EngineState.FLATTENING)
    if left.mode is not mode and is_busy:
        held = f"{counted(len(open_trades), 'trade')} and {counted(len(open_orders), 'order')} open"
        raise CannotStart(
            f"the journal ends in {left.mode.value} mode with {held}, was to start in {mode.value} mode: start with "
            f"--mode {left.mode.value}, or flatten first"
        )
    return restored


def _live_orders(restored: Restored) -> list[str]:
    return [order.request.order_id for order in restored.command.orders if not order.status.is_final]


def _restore(host: Host, restored: Restored, start_ns: int, kind: FeedKind, mode: Mode) -> None:
    """Real trades are taken up with the venues that hold them; a real mode that is only being left needs none."""
    command, left = restored.command, restored.command.memory.mode
    try:
        if left is not Mode.PAPER and kind is FeedKind.LIVE and mode is not Mode.PAPER and host.gate is not None:
            host.gate.take_over(left, {trade.venue for trade in command.trades})
            command = replace(command, unread=tuple(host.config.venues))
        host.restore(command, start_ns)
    except (MissingKeys, BadEndpoint, OSError) as error:
        raise CannotStart(f"the journal ends in {left.value} mode: {error}") from error
    except (KeyError, ValueError) as error:
        raise CannotStart(
            f"expected a config that lists everything still open in the journal, was: {error}: "
            "put it back until that is closed"
        ) from error


def _refuse(options: EngineOptions) -> None:
    if options.mode is not Mode.PAPER and _kind(options) is not FeedKind.LIVE:
        raise CannotStart(
            f"expected --feed live for {options.mode.value} mode, was {options.feed}: real orders need the real market"
        )


def _kind(options: EngineOptions) -> FeedKind:
    return {"sim": FeedKind.SIMULATED, "live": FeedKind.LIVE}.get(options.feed, FeedKind.RECORDED)


def _source(
    places: Places, config: CockpitConfig, options: EngineOptions, restored: Restored | None
) -> tuple[MarketSource, int]:
    """The market and its first instant; a simulated one goes on no earlier than the last one stopped."""
    if options.feed == "live":
        live = _live(config)
        return live, _live_start_ns(live, restored)
    if options.feed != "sim":
        return recorded_source(Path(options.feed), options.speed)
    start_ns = max(time.time_ns(), restored.last_ns if restored is not None else 0)
    seed = DEFAULT_SEED if options.seed is None else options.seed
    profile = read_profile(places.home / config.simulation.profile) if config.simulation.profile else None
    market = SimulatedMarket(config, seed, start_ns, options.shocks, profile)
    simulated: PacedSource = simulated_source(market, seed, start_ns, options.speed)
    return simulated, start_ns


def _live_start_ns(source: LiveSource, restored: Restored | None) -> int:
    """The live market's first instant: now, as the venues tell it.

    A journal may end later than that, written by a clock that was ahead. What is open there was stamped by that clock
    and goes on with it, its ages and deadlines as they are; with nothing open the right time begins at once.
    """
    source.settle()
    now_ns = source.now_ns()
    if restored is None or restored.last_ns <= now_ns:
        return now_ns
    ahead_s = ns_to_seconds(restored.last_ns - now_ns)
    if ahead_s <= CLOCKS_DIFFER_S or _holds_anything(restored):
        source.begin_at(restored.last_ns)
        now_ns = source.now_ns()
    if ahead_s > CLOCKS_DIFFER_S:
        LOG.warning(
            "the journal ends at %s, %.1f s after now: a clock was ahead. The session begins at %s",
            utc_text(restored.last_ns), ahead_s, utc_text(now_ns),
        )  # fmt: skip
    return now_ns


def _holds_anything(restored: Restored) -> bool:
    is_flattening = restored.command.memory.state is EngineState.FLATTENING
    return bool(restored.command.trades or _live_orders(restored) or is_flattening)


def _not_later(restored: Restored, now_ns: int) -> Restored:
    """What was left, with no day and no acceptance that is still to come: a clock was ahead when they were stamped."""
    memory = restored.command.memory
    bands = tuple(replace(one, accepted_ns=min(one.accepted_ns, now_ns)) for one in memory.accepted_bands)
    memory = replace(
        memory,
        account=_begun(memory.account, now_ns),
        other_accounts=tuple((mode, _begun(account, now_ns)) for mode, account in memory.other_accounts),
        accepted_bands=bands,
    )
    return replace(restored, command=replace(restored.command, memory=memory))


def _begun(account: Account, now_ns: int) -> Account:
    return replace(
        account,
        utc_day=min(account.utc_day, utc_day(now_ns)),
        session_started_ns=min(account.session_started_ns, now_ns),
    )


def _live(config: CockpitConfig) -> LiveSource:
    """The live market. Its library is imported here, while nothing runs yet that a busy interpreter could hold up."""
    load_library({*exchanges_read(config), *config.venues})
    try:
        steady = SteadyClock()
        return LiveSource(config, roster_of(config, timing=Timing(steady.now_ns)), steady)
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
        config_json=config.recorded_json(),
        mode=Mode.PAPER,
        start_ns=start_ns,
        engine_version=__version__,
        build=code_digest(),
        feed=kind.value,
    )
    try:
        return RecordingWriter(path, header), ""
    except RecordingError as error:
        LOG.error("%s", error)
        return None, str(error)
