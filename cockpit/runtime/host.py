"""The engine process's core: one loop feeds the engine; around it journal, recording, log and answers."""

import asyncio
import itertools
import logging
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from cockpit import __version__
from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import AnyAction, CommandAnswered
from cockpit.domain.commands import OPEN_RISK, SHED_RISK, AnyCommand, Arm, Command, HaltTrading, Restore, SetMode
from cockpit.domain.events import FeedHealth, ReadingEvent, Tick, Top, Trade
from cockpit.domain.kinds import FeedState, Mode, Reading
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import AlertsView, ProcessView
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S, seconds_to_ns
from cockpit.domain.verdict import Verdict
from cockpit.domain.wire import Input
from cockpit.engine.machine import Engine
from cockpit.engine.session import InputSink, Session
from cockpit.engine.views import snapshot
from cockpit.journal.recordings import RecordingWriter
from cockpit.journal.store import Journal
from cockpit.market.detail import MarketDetail
from cockpit.paper.venue import PaperVenue
from cockpit.runtime.alarm import Alarm
from cockpit.runtime.backtest_watch import BacktestWatch
from cockpit.runtime.halt_mark import HaltMarkWatch
from cockpit.runtime.inbox import Inbox
from cockpit.runtime.journal_first import DURABLE_WITHIN_S, disk_has_s, written_within
from cockpit.runtime.log_ring import LogRing
from cockpit.runtime.market_source import MarketSource, clock
from cockpit.runtime.memory import Recent
from cockpit.runtime.mode_gate import ModeGate
from cockpit.runtime.paper_sessions import keep_to_hours
from cockpit.runtime.player import Player
from cockpit.runtime.presence import Presence
from cockpit.runtime.supervisor import Supervisor
from cockpit.runtime.watchdog import Latency, LoopWatchdog

LOG = logging.getLogger("cockpit.engine")
SLICE_S = 0.002
FLUSH_EVERY_S = 0.5
SNAPSHOT_KEPT_S = 0.04
ANSWER_WITHIN_S = 5.0
FAULTS_LOGGED_EVERY_S = 1.0
MISSED_NS = 3 * NS_PER_S
"""A tick comes every second: time has passed that the engine was not told of."""


class NotAnswered(Exception):
    """The engine did not answer a command in time: whether it acted is unknown, ask for its state."""


class Host:
    """Owns the engine and everything it touches. All of it runs on one event loop; only the journal has a thread."""

    def __init__(
        self,
        config: CockpitConfig,
        engine: Engine,
        source: MarketSource,
        journal: Journal,
        recording: RecordingWriter | None,
        recording_error: str = "",
    ) -> None:
        self.config = config
        self.engine = engine
        self.source = source
        self.journal = journal
        self.log = LogRing()
        self.recent = Recent()
        self.latency = Latency()
        self.epoch = secrets.token_hex(8)
        self.url = ""
        self.alerts: Callable[[], AlertsView] = AlertsView
        self.backtests: Callable[[], Mapping[str, str]] = dict
        """The kept backtests' words by setup."""
        self.backtest_watch: BacktestWatch | None = None
        self.gate: ModeGate | None = None
        self.started_s = time.monotonic()
        self.watchdog = LoopWatchdog()
        self.supervisor = Supervisor(self._worker_fell)
        self.inbox = Inbox()
        self._alarm = Alarm(source.now_ns, lambda: source.speed, lambda now_ns: self.inbox.answer(Tick(now_ns)))
        self.faults = 0
        self.last_fault = ""
        self.start_notes: tuple[str, ...] = ()
        """What of the start's options changed nothing, in sentences; the screen's checklist shows them."""
        self._recording = recording
        self._recording_error = recording_error
        self._market_detail = ""
        self._is_ending = False
        self._fault_logged_s = -FAULTS_LOGGED_EVERY_S
        self._answers: dict[str, asyncio.Future[CommandAnswered]] = {}
        self._command_numbers = itertools.count(1)
        self._snapshot: tuple[float, Snapshot] | None = None
        self._listeners: list[Callable[[Sequence[AnyAction]], None]] = []
        self.detail = MarketDetail({name: asset.watch for name, asset in config.assets.items()})
        source.on_past = self.detail.take_past
        inputs: list[InputSink] = [self, self.detail] if recording is not None else [self.detail]
        self.session = Session(engine, PaperVenue(config), actions=[self], inputs=inputs)

    def on_input(self, item: Input) -> None:
        """Record what is about to enter the engine."""
        if self._recording is not None:
            self._recording.write_input(item)

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """Hand what the engine decided to the recording, the journal, the log, and whoever waits for an answer."""
        if self.gate is not None:
            self.gate.on_actions(actions)
        if self._recording is not None:
            for action in actions:
                self._recording.write_action(action)
        self.journal.append(actions)
        self._alarm.set(self.engine.book.stop_due_ns)
        self._show(actions, self.log.on_actions, self.recent.on_actions)
        for action in actions:
            if isinstance(action, CommandAnswered):
                self._snapshot = None
                waiter = self._answers.pop(action.command_id, None)
                if waiter is not None and not waiter.done():
                    waiter.set_result(action)
        self._show(actions, *self._listeners)

    @staticmethod
    def _show(actions: Sequence[AnyAction], *listeners: Callable[[Sequence[AnyAction]], None]) -> None:
        for listener in listeners:
            try:
                listener(actions)
            except Exception:  # the orders among these actions go to the venue next, whatever an onlooker does
                LOG.exception("a listener failed")

    def listen(self, listener: Callable[[Sequence[AnyAction]], None]) -> None:
        """Hear every batch of actions. A listener must not block; what it raises is logged and goes no further."""
        self._listeners.append(listener)

    # Running.

    def restore(self, restore: Restore, start_ns: int) -> None:
        """Before the start: go on where an earlier engine stopped."""
        self.session.feed(msgspec.structs.replace(restore, ts_ns=start_ns))

    def start(self) -> None:
        """Start the workers on the running loop."""
        self.watchdog.start()
        self.supervisor.start("core", self._core)
        self.supervisor.start("market", self._market)
        self.supervisor.start("clock", lambda: clock(self.source, self.inbox.put))
        self.supervisor.start("recorder", self._flush_recording)
        if self.backtest_watch:
            self.supervisor.start("backtests", self.backtest_watch.run)
        self.supervisor.start("presence", Presence(self.engine, self.journal, lambda: self.source.speed).run)
        keep_to_hours(self.config, self.source, self.inbox.put, lambda: self.mode is Mode.PAPER, self.supervisor)
        if self.gate is not None:
            self.gate.start()
            if self.gate.is_live:  # no replay or simulation takes a mark away that is not for it
                self.supervisor.start("halt mark", HaltMarkWatch(self.gate.places, self._halt_by_mark).run)

    async def stop(self) -> None:
        """Let go of real venues, stop the workers, then write what is left to write."""
        if self.gate is not None:
            await self.gate.stop()
        await self.supervisor.stop()
        self._alarm.stop()
        self.watchdog.stop()
        self._drain()
        if self._recording is not None:
            self._recording.close()
        if not await asyncio.to_thread(self.journal.close):
            LOG.error("journal: not everything could be written: %s", self.journal.health().last_error)

    async def command(self, make: Callable[[int, str], AnyCommand], durable: bool = True) -> CommandAnswered:
        """Give the engine a command and return its answer.

        `make` gets the time and the command's id. With `durable` the answer comes once the journal has it (or after a
        second, when the journal cannot); what it decided is under way by then. A real mode, and arming in one, are
        looked into first, which takes seconds. Raises `NotAnswered` when the engine does not answer in time, when a
        defect in it broke the command off, or when the engine is ending and the command would take risk.
        """
        command_id = f"{self.epoch[:4]}-{next(self._command_numbers)}"
        command = make(self.engine.now_ns, command_id)
        if self._is_ending and not isinstance(command, SHED_RISK):
            what = f"{type(command).__struct_config__.tag} was not done"
            raise NotAnswered(f"expected a running engine, was one that is ending: {what}")
        command = self._within_its_time(await self._with_context(command))
        waiter: asyncio.Future[CommandAnswered] = asyncio.get_running_loop().create_future()
        self._answers[command_id] = waiter
        self.inbox.command(command)
        try:
            answer = await asyncio.wait_for(waiter, ANSWER_WITHIN_S)
        except TimeoutError:
            raise NotAnswered(f"expected an answer to {command_id} within {ANSWER_WITHIN_S:g} s, was none") from None
        finally:
            self._answers.pop(command_id, None)
        lacks = await self.not_durable_within(disk_has_s(command)) if durable else ""
        return msgspec.structs.replace(answer, sentence=f"{answer.sentence}; {lacks}") if lacks else answer

    async def not_durable_within(self, within_s: float = DURABLE_WITHIN_S) -> str:
        """`not_durable` of what happened up to now, once the disk had so long for it."""
        return "" if await written_within(self.journal, within_s) else self.not_durable()

    def not_durable(self) -> str:
        """That the journal has not got everything yet, and why; empty once it has."""
        health = self.journal.health()
        if health.pending == 0:
            return ""
        why = f"{health.pending} records waiting" if health.ok else health.last_error
        return f"NOT IN THE JOURNAL YET ({why}): a power cut or a kill would lose it"

    async def _halt_by_mark(self, mark: str) -> None:
        """Somebody flattened past this engine: no entries until an operator has looked."""
        await self.command(lambda now_ns, number: HaltTrading(now_ns, number, "cockpit flatten", mark))

    async def _with_context(self, command: AnyCommand) -> AnyCommand:
        if self.gate is None:
            return command
        if isinstance(command, SetMode):
            return await self.gate.before_mode(command, len(self.engine.book))
        return await self.gate.before_arming(command, self.mode) if isinstance(command, Arm) else command

    @property
    def time_ns(self) -> int:
        """The engine's time, with what it missed while the loop stood still; a market whose time waits misses none."""
        return self.engine.now_ns if self.source.can_wait else max(self.engine.now_ns, self.source.now_ns())

    def _within_its_time(self, command: AnyCommand) -> AnyCommand:
        """What opens risk and names no end gets one: after it nobody here waits for the answer any more."""
        if not isinstance(command, OPEN_RISK) or command.expires_ns is not None or self.source.can_wait:
            return command
        within_s = ANSWER_WITHIN_S * max(1.0, self.source.speed)
        return msgspec.structs.replace(command, expires_ns=self.time_ns + seconds_to_ns(within_s))

    def close_to_entries(self) -> None:
        """The process is about to end: from here on commands only shed risk, nobody arms or trades any more."""
        self._is_ending = True

    async def push_reading(self, reading: ReadingEvent) -> None:
        """A reading from outside; the market lets it only tighten."""
        await self.inbox.put("external", reading)

    # Looking.

    def snapshot(self) -> Snapshot:
        """One look at everything; two looks within 40 ms share one snapshot, but for a command answered in between."""
        now_s = time.monotonic()
        if self._snapshot is None or now_s - self._snapshot[0] > SNAPSHOT_KEPT_S:
            beyond = self.backtest_watch.beyond if self.backtest_watch else {}
            self._snapshot = (now_s, snapshot(self.engine, self.backtests(), beyond))
        return self._snapshot[1]

    def verdict(self, verdict_id: str) -> Verdict | None:
        return self.recent.verdicts.get(verdict_id)

    def trade(self, trade_id: str) -> TradeRecord | None:
        return self.recent.trades.get(trade_id)

    @property
    def mode(self) -> Mode:
        return self.engine.risk.accountant.mode

    def process(self) -> ProcessView:
        journal = self.journal.health()
        journal_ok = journal.ok and not journal.refused and not self.journal.damage
        journal_error = "; ".join(filter(None, ["" if journal.ok else journal.last_error, self.journal.damage]))
        recording = self._recording
        return ProcessView(
            pid=os.getpid(),
            version=__version__,
            feed=f"{self.source.kind.value}: {self.source.name}",
            speed=self.source.speed,
            uptime_s=time.monotonic() - self.started_s,
            tasks=(*self.supervisor.views(), *self.source.workers(), *(self.gate.workers() if self.gate else ())),
            stalls=tuple(self.watchdog.stalls),
            stalls_total=self.watchdog.stalls_total,
            queue_length=len(self.inbox),
            faults=self.faults,
            last_fault=self.last_fault,
            journal_ok=journal_ok,
            journal_pending=journal.pending,
            journal_error="" if journal_ok else journal_error or journal.last_error,
            recording=str(recording.path) if recording else "",
            recording_error=(recording.failure or "") if recording else self._recording_error,
            tick_to_verdict_p99_ms=self.latency.p99_ms(),
            url=self.url,
            alerts=self.alerts(),
            replay=self.source.state if isinstance(self.source, Player) else "",
            wall_ns=self.source.utc_ns(),
            clocks=self.source.problems(),
        )

    # Workers.

    async def _core(self) -> None:
        """Feed the engine: commands first, then events in order; give way every 2 ms, and to a request at once."""
        while True:
            item = self.inbox.take()
            if item is None:
                await self.inbox.wait()
                continue
            self._pass_missed_time()
            slice_end_s = time.perf_counter() + SLICE_S
            self.session.has_submitted = False
            while item is not None:
                self._feed(item)
                if self.session.has_submitted or time.perf_counter() > slice_end_s:
                    break
                item = self.inbox.take()
            await asyncio.sleep(0)
            if self.session.has_submitted:
                await asyncio.sleep(0)  # a request leaves in its task's second turn, and not after 2 ms of data

    def _pass_missed_time(self) -> None:
        """A machine that slept, a loop that stood still: what waits in the queue is old before anything acts on it."""
        now_ns = self.time_ns
        if now_ns - self.engine.now_ns > MISSED_NS:
            self._feed(Tick(now_ns))

    def _drain(self) -> None:
        """Take the commands and events that still wait, so that none that was accepted is lost at the end."""
        while (item := self.inbox.take()) is not None:
            self._feed(item)

    def _feed(self, item: Input) -> None:
        """One input. An error in the engine is a defect: say so, halt entries, and keep the exits going."""
        began_ns = time.perf_counter_ns()
        decided_before = self.recent.decisions
        try:
            self.session.feed(item)
        except Exception as error:
            self._fault(item, error)
        if isinstance(item, Tick):
            self._alarm.set(self.engine.book.stop_due_ns)
        if self.recent.decisions != decided_before and isinstance(item, Trade | Top):
            self.latency.add(time.perf_counter_ns() - began_ns)

    def _fault(self, item: Input, error: Exception) -> None:
        self.faults += 1
        self.last_fault = f"{type(error).__name__} on {type(item).__name__}: {error}"
        now_s = time.monotonic()
        if now_s - self._fault_logged_s >= FAULTS_LOGGED_EVERY_S:
            self._fault_logged_s = now_s
            LOG.error("engine fault %d on %s", self.faults, type(item).__name__, exc_info=error)
        waiter = self._answers.get(item.command_id) if isinstance(item, Command) else None
        if waiter is not None and not waiter.done():
            waiter.set_exception(NotAnswered(f"expected an answer, was a defect in the engine: {self.last_fault}"))
        if self.engine.risk.accountant.account.halt is None:
            self._halt(f"defect in the engine, entries stopped: {self.last_fault}")

    def _halt(self, reason: str) -> None:
        """No entries. Where the defect lets not even a halt through, at least disarm: this worker must go on."""
        try:
            self.session.feed(HaltTrading(self.engine.now_ns, f"fault-{self.faults}", "engine", reason))
        except Exception:
            self.engine.risk.armed = False
            LOG.exception("the halt after fault %d failed too: disarmed", self.faults)

    async def _market(self) -> None:
        """Run the source, and let the streams it feeds say whether it runs."""
        if self._market_detail:
            self._notify_market(FeedState.FRESH, "")
        await self.source.run(self.inbox.put_each if self.source.can_wait else self.inbox.put)
        self._notify_market(FeedState.DOWN, f"{self.source.name} has ended")

    def _notify_market(self, state: FeedState, detail: str) -> None:
        self._market_detail = detail
        for venue in dict.fromkeys(asset.watch for asset in self.config.assets.values()):
            word = FeedHealth(self.engine.now_ns, Reading.STREAM, venue, state, detail)
            self.inbox.offer("market", word)

    def _worker_fell(self, name: str, detail: str) -> None:
        if name == "market":
            self._notify_market(FeedState.DOWN, detail)

    async def _flush_recording(self) -> None:
        """Flush now and then. While the disk refuses that is said once, and tried again."""
        said: str | None = None
        while self._recording is not None:
            await asyncio.sleep(FLUSH_EVERY_S)
            self._recording.flush()
            failure = self._recording.failure
            if failure is not None and said is None:
                LOG.error("%s", failure)
            elif failure is None and said is not None:
                LOG.warning("recording again; the gap is noted in %s", self._recording.path)
            said = failure
