"""The engine in the foreground: started, told to end by a signal, ended by policy."""

import asyncio
import ctypes
import gc
import logging
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Protocol

from cockpit.config.endpoints import is_loopback
from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.config.proxies import without_proxies
from cockpit.domain.actions import AnyAction, CommandAnswered
from cockpit.domain.commands import Arm, Disarm, Flatten, HaltTrading, SetMode
from cockpit.domain.kinds import EngineState, Mode, TradePhase
from cockpit.domain.trades import TradeRecord
from cockpit.runtime.alerts import Alerts, start_alerts
from cockpit.runtime.host import Host, NotAnswered
from cockpit.runtime.lock import InstanceLock
from cockpit.runtime.logs import log_to
from cockpit.runtime.loop_holds import TimedLoop
from cockpit.runtime.mode_gate import AT_START
from cockpit.runtime.narrate import Narrator
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.output import PrintLine, Speaker, keep_bounded, output_of
from cockpit.runtime.startup import CannotStart, build_host

LOG = logging.getLogger("cockpit.engine")
FLATTEN_WITHIN_S = 30.0
COVER_WITHIN_S = 3.0
POLL_EVERY_S = 0.01
MEANS_NOTHING = (signal.SIGUSR1, signal.SIGUSR2)


class Server(Protocol):
    """Whatever lets others talk to the engine while it runs."""

    async def start(self) -> str:
        """Begin to listen; returns where."""

    async def stop(self) -> None:
        """Stop listening, and let go of whoever is connected."""


MakeServer = Callable[[Host, "Ending"], Server]


class Ending:
    """How the process is asked to end: by a signal, or through the API with the positions' fate spelled out."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self.flatten_first = False
        self.why = ""

    def ask(self, why: str, flatten_first: bool = False) -> None:
        """End soon. The first word counts, except that a later one may still add the flatten."""
        self.why = self.why or why
        self.flatten_first = self.flatten_first or flatten_first
        self._asked.set()

    async def wait(self) -> None:
        """Wait until somebody asks."""
        await self._asked.wait()


def run_engine(
    places: Places, config: CockpitConfig, options: EngineOptions, make_server: MakeServer | None = None
) -> int:
    """Run until told to end; 0 when it ended in order, 1 when a flatten on the way out did not get flat.

    Raises `LockHeld`, `CannotStart`, `JournalError` or `RecordingError` where it cannot begin.
    """
    # A terminal may go away while everything is still being put together.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    proxies = without_proxies(os.environ)
    lock = _lock(places)
    handler = log_to(places.engine_log)
    logging.getLogger("asyncio").addHandler(handler)
    logging.getLogger("asyncio").propagate = False
    speaker = Speaker()
    warnings = [warning for warning in (proxies, _in_clear(options)) if warning]
    try:
        with asyncio.Runner(loop_factory=TimedLoop) as runner:
            return runner.run(_run(places, config, options, lock, make_server, speaker.write, warnings))
    finally:
        speaker.close()
        logging.getLogger("cockpit").removeHandler(handler)
        logging.getLogger("asyncio").removeHandler(handler)
        handler.close()
        lock.release()


def _in_clear(options: EngineOptions) -> str:
    """What is said of an API that others on the network reach."""
    if is_loopback(options.host):
        return ""
    return (
        f"the API listens on {options.host} without encryption: its token crosses the network in clear, readable by "
        "whoever is on the way; put TLS before it, or reach it through ssh -L"
    )


def _lock(places: Places) -> InstanceLock:
    lock = InstanceLock(places.lock)
    try:
        places.make_home()
        lock.acquire()
    except OSError as error:
        where = "" if error.filename in (None, str(places.home)) else f" ({error.filename})"
        raise CannotStart(
            f"expected a home to write to at {places.home}, was: {error.strerror}{where}: choose another --home"
        ) from error
    return lock


async def _run(
    places: Places,
    config: CockpitConfig,
    options: EngineOptions,
    lock: InstanceLock,
    make_server: MakeServer | None,
    notify: PrintLine,
    warnings: Sequence[str],
) -> int:
    host = await asyncio.to_thread(build_host, places, config, options)
    warnings = [*warnings, *host.start_notes]
    ending = Ending()
    _listen_to_signals(ending)
    server: Server | None = None
    alerts = start_alerts(host)
    try:
        server = make_server(host, ending) if make_server else None
        settle_memory()
        host.start()
        output = output_of(places.engine_log.parent)
        host.supervisor.start("output", lambda: keep_bounded(output))
        if host.gate is not None:
            host.gate.on_wait = notify
        await _enter(host, options)
        if host.mode is not Mode.PAPER:
            settle_memory()  # what the venues' accounts have loaded
        host.url = await server.start() if server else ""
        process = host.process()
        lock.write(pid=process.pid, url=host.url, mode=host.mode.value, feed=process.feed)
        notify(_ready_line(host))
        LOG.info("%s", _ready_line(host))
        for warning in warnings:
            notify(warning)
            LOG.warning("%s", warning)
        _narrate(host, notify)
        if options.arm:
            await ArmAtStart(host, notify).begin()
        await ending.wait()
        return await _end(host, ending, notify)
    finally:
        await _let_go(host, server, alerts)


async def _enter(host: Host, options: EngineOptions) -> None:
    """Bring the engine into the mode it was started for. Raises `CannotStart` with the engine's own word against it.

    What an earlier engine left open is tended from the first moment on; what stands against its account halts.
    """
    if host.mode is options.mode:
        if host.mode is not Mode.PAPER:
            host.supervisor.start("start-up checks", lambda: _halt_unless_sound(host))
        return
    answer = await host.command(
        lambda now_ns, command_id: SetMode(now_ns, command_id, AT_START, options.mode, options.override_reason)
    )
    if not answer.ok:
        raise CannotStart(answer.sentence)


async def _halt_unless_sound(host: Host) -> None:
    against = await host.gate.against() if host.gate is not None else ""
    if against:
        reason = f"start-up checks: {against}"
        await host.command(lambda now_ns, command_id: HaltTrading(now_ns, command_id, "engine", reason))


def settle_memory() -> None:
    """Take what the start made out of the collector's sight: walking through it later stalls the loop for 100 ms.

    From here on garbage is collected, whether or not it was during the start. What the start needed for a moment only
    (five megabytes) goes back to the system, where the C library can.
    """
    gc.collect()
    gc.freeze()
    gc.enable()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _narrate(host: Host, notify: PrintLine) -> None:
    """Tell what happens from here on, and before it what has happened since the restore."""
    narrator = Narrator(notify)
    narrator.on_actions([frame.entry for frame in host.log.after(0)])
    host.listen(narrator.on_actions)


async def _let_go(host: Host, server: Server | None, alerts: Alerts | None) -> None:
    """Whatever the server does on its way out, the host writes what is left to write."""
    try:
        if server is not None:
            await server.stop()
    finally:
        await host.stop()
        if alerts is not None:
            await asyncio.to_thread(alerts.stop)


def _listen_to_signals(ending: Ending) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        loop.add_signal_handler(number, ending.ask, signal.Signals(number).name)
    for number in MEANS_NOTHING:
        loop.add_signal_handler(number, LOG.info, "%s: it means nothing here", signal.Signals(number).name)
    loop.add_signal_handler(signal.SIGHUP, LOG.info, "SIGHUP: a terminal went away, the engine goes on")


async def _end(host: Host, ending: Ending, notify: PrintLine) -> int:
    """By policy: no new entry, positions keep their stops (the next start takes them over), unless told to flatten."""
    flatten = ending.flatten_first or host.config.kill_switch.flatten_on_terminate
    notify(f"ending ({ending.why}): {'flattening first' if flatten else 'open trades keep their stops'}")
    LOG.info("ending: %s", ending.why)
    host.close_to_entries()
    try:
        if not flatten:
            await host.command(lambda now_ns, command_id: Disarm(now_ns, command_id, "engine", takes_back_entries=True))
            await _covered(host, notify)
            return 0
        await host.command(lambda now_ns, command_id: Flatten(now_ns, command_id, "engine", ending.why))
    except NotAnswered as error:
        notify(f"{'NOT FLAT' if flatten else 'not disarmed'}: {error}")
        LOG.error("ending: %s", error)
        return 1
    return 0 if await _flat(host, notify) else 1


async def _covered(host: Host, notify: PrintLine) -> None:
    """Let entries on their way arrive and their stops rest: nobody would look after them until the next start."""
    give_up_s = monotonic() + COVER_WITHIN_S
    while loose := [trade.record for trade in host.engine.book.trades if not _is_covered(trade.record)]:
        if monotonic() > give_up_s:
            for trade in loose:
                line = f"NO STOP RESTS for {trade.trade_id}, {trade.phase.value}: {trade.open_qty:g} {trade.asset} open"
                notify(f"{line}: the next start sees to it first")
                LOG.error(line)
            return
        await asyncio.sleep(POLL_EVERY_S)


def _is_covered(trade: TradeRecord) -> bool:
    return trade.phase is not TradePhase.OPENING and (trade.stop_rests_on_venue or trade.open_qty == 0)


async def _flat(host: Host, notify: PrintLine) -> bool:
    """Wait for the flatten to end; it goes on at the next start where it did not."""
    try:
        async with asyncio.timeout(FLATTEN_WITHIN_S):
            while host.engine.risk.state is EngineState.FLATTENING:
                await host.log.wait_beyond(host.log.last_seq)
    except TimeoutError:
        notify(f"NOT FLAT after {FLATTEN_WITHIN_S:g} s: the next start goes on flattening")
        return False
    return True


def _ready_line(host: Host) -> str:
    process = host.process()
    where = f" at {host.url}" if host.url else ""
    return f"ready{where}: {host.mode.value} mode, {host.engine.risk.state.value}, {process.feed}, pid {process.pid}"


# `--arm`: setups may trade from the start, which in a real mode is once its venues are open.

VENUES_WITHIN_S = 120.0
"""A venue that answers 429 is asked every half minute; after that arming is an operator's again."""
TAKES_IT_BACK = frozenset({"arm", "disarm", "halt", "flatten", "set_mode"})
"""Whoever has said one of these since the start has decided for himself."""


class ArmAtStart:
    """Arms once, as if an operator had; the engine's answer is told like any other's."""

    def __init__(self, host: Host, notify: Callable[[str], None]) -> None:
        self._host = host
        self._notify = notify
        self._taken_back_by = ""

    async def begin(self) -> None:
        """At once on paper; else by a worker of its own that waits for the venues."""
        if self._host.mode is Mode.PAPER or self._host.gate is None or not self._host.gate.waits_for():
            await self._arm()
            return
        self._host.listen(self._on_actions)
        self._host.supervisor.start("arming at the start", self._arm_when_open)

    async def _arm_when_open(self) -> None:
        gate = self._host.gate
        assert gate is not None
        self._report(f"arming waits for {', '.join(gate.waits_for())}, for up to {VENUES_WITHIN_S:g} s")
        await gate.until_open(VENUES_WITHIN_S)
        if self._taken_back_by:
            self._report(f"not armed at the start: {self._taken_back_by} was said meanwhile")
            return
        await self._arm()

    async def _arm(self) -> None:
        await self._host.command(lambda now_ns, command_id: Arm(now_ns, command_id, AT_START))

    def _on_actions(self, actions: Sequence[AnyAction]) -> None:
        for action in actions:
            if isinstance(action, CommandAnswered) and action.command in TAKES_IT_BACK and action.by != AT_START:
                self._taken_back_by = self._taken_back_by or f"{action.command} by {action.by}"

    def _report(self, sentence: str) -> None:
        self._notify(sentence)
        LOG.info("%s", sentence)
