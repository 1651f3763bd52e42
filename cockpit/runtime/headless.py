"""The engine in the foreground: started, told to end by a signal, ended by policy."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable
from typing import Protocol

from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.domain.commands import Arm, Disarm, Flatten
from cockpit.domain.kinds import EngineState
from cockpit.runtime.host import Host, NotAnswered
from cockpit.runtime.lock import InstanceLock
from cockpit.runtime.logs import log_to
from cockpit.runtime.narrate import Narrator
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.startup import build_host

LOG = logging.getLogger("cockpit.engine")
FLATTEN_WITHIN_S = 30.0


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
    places.make_home()
    lock = InstanceLock(places.lock)
    lock.acquire()
    handler = log_to(places.engine_log)
    try:
        return asyncio.run(_run(places, config, options, lock, make_server))
    finally:
        logging.getLogger("cockpit").removeHandler(handler)
        handler.close()
        lock.release()


async def _run(
    places: Places, config: CockpitConfig, options: EngineOptions, lock: InstanceLock, make_server: MakeServer | None
) -> int:
    host = await asyncio.to_thread(build_host, places, config, options)
    ending = Ending()
    _listen_to_signals(ending)
    host.listen(Narrator(_say).on_actions)
    server = make_server(host, ending) if make_server else None
    host.start()
    try:
        host.url = await server.start() if server else ""
        lock.write(pid=host.process().pid, url=host.url, mode=options.mode.value, feed=host.process().feed)
        _say(_ready_line(host))
        LOG.info("ready: %s", _ready_line(host))
        if options.arm:
            await host.command(lambda now_ns, command_id: Arm(now_ns, command_id, "start"))
        await ending.wait()
        return await _end(host, ending)
    finally:
        if server is not None:
            await server.stop()
        await host.stop()


def _listen_to_signals(ending: Ending) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.ask, signal.Signals(number).name)
    loop.add_signal_handler(signal.SIGHUP, LOG.info, "SIGHUP: a terminal went away, the engine goes on")


async def _end(host: Host, ending: Ending) -> int:
    """By policy: no new entry, positions keep their stops (the next start takes them over), unless told to flatten."""
    flatten = ending.flatten_first or host.config.kill_switch.flatten_on_terminate
    _say(f"ending ({ending.why}): {'flattening first' if flatten else 'open trades keep their stops'}")
    LOG.info("ending: %s", ending.why)
    with contextlib.suppress(NotAnswered):
        await host.command(lambda now_ns, command_id: Disarm(now_ns, command_id, "engine"))
        if flatten:
            await host.command(lambda now_ns, command_id: Flatten(now_ns, command_id, "engine", ending.why))
            return 0 if await _flat(host) else 1
    return 0


async def _flat(host: Host) -> bool:
    """Wait for the flatten to end; it goes on at the next start where it did not."""
    try:
        async with asyncio.timeout(FLATTEN_WITHIN_S):
            while host.engine.risk.state is EngineState.FLATTENING:
                await host.log.wait_beyond(host.log.last_seq)
    except TimeoutError:
        _say(f"NOT FLAT after {FLATTEN_WITHIN_S:g} s: the next start goes on flattening")
        return False
    return True


def _ready_line(host: Host) -> str:
    process = host.process()
    where = f" at {host.url}" if host.url else ""
    return f"ready{where}: {host.mode.value} mode, {host.engine.risk.state.value}, {process.feed}, pid {process.pid}"


def _say(line: str) -> None:
    """One line on stdout; a reader that went away is no reason to stop."""
    with contextlib.suppress(OSError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
