"""Watching a flatten from outside: every step as the engine tells it, until the venues have said flat."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from time import monotonic
from types import TracebackType
from typing import Self, cast

from cockpit.client.address import local
from cockpit.client.answers import one_line
from cockpit.client.errors import EngineRefused
from cockpit.client.link import LinkChange
from cockpit.client.stream import EngineStream
from cockpit.config.places import Places
from cockpit.domain.actions import AnyAction, Notice, StateChanged
from cockpit.domain.kinds import EngineState
from cockpit.domain.numbers import counted
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import DetailFrame, Frame, Hello, LogFrame, SnapshotFrame
from cockpit.runtime.lock import is_held

HZ = 10.0
SILENCE_S = 2.0
REMIND_EVERY_S = 5.0
BEGUN_WITHIN_S = 1.0
TOPIC = "flatten"
CRITICAL = "critical"


class FlattenWatch:
    """Use it as a context manager around the asking. Only the engine's own word counts: no timer ends the watch."""

    def __init__(self, places: Places, notify: Callable[[str], None], since_ns: int) -> None:
        """`since_ns` is the engine's time before the asking: what is older is another flatten's."""
        self._places = places
        self._since_ns = since_ns
        self._notify = notify
        self._began_s = monotonic()
        self._shown_s = self._began_s
        self._epoch = ""
        self._from_seq: int | None = None
        self._asked_s: float | None = None
        self._is_linked = False
        self._has_shown_earlier = False
        self._verdict: bool | None = None
        self._connected = asyncio.Event()
        self._task: asyncio.Task[bool] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def until_connected(self, within_s: float) -> None:
        """Wait for the stream to begin, but not for long."""
        try:
            async with asyncio.timeout(within_s):
                await self._connected.wait()
        except TimeoutError:
            self._show("the engine's stream has not begun yet: asking all the same")

    async def until_flat(self) -> bool:
        """Call it once asked. True when the engine says that every venue was seen flat, False when it cannot."""
        self._asked_s = monotonic()
        if self._task is None:
            return False
        try:
            return await self._task
        except EngineRefused as refused:
            self._show(f"the engine's stream was refused: {refused}")
            return False

    async def _watch(self) -> bool:
        stream = EngineStream(local(self._places.socket), HZ, silence_s=SILENCE_S)
        frames = cast("AsyncGenerator[Frame | LinkChange]", stream.frames())
        try:
            async for frame in frames:
                self._take(frame)
                if self._verdict is not None:
                    return self._verdict
        finally:
            await frames.aclose()
        return False

    def _take(self, frame: Frame | LinkChange) -> None:
        match frame:
            case LinkChange():
                self._on_link(frame)
            case Hello():
                self._on_hello(frame)
            case LogFrame():
                if self._is_ours(frame):
                    self._on_entry(frame.entry)
            case SnapshotFrame():
                self._on_snapshot(frame.snapshot)
            case DetailFrame():
                pass

    def _on_link(self, change: LinkChange) -> None:
        if change.connected != self._is_linked and not change.connected:
            self._show(f"link to the engine lost ({change.detail}): trying again")
        self._is_linked = change.connected
        if not change.connected and not is_held(self._places.lock):
            self._show("the engine is gone before every venue said flat: start it, it goes on flattening")
            self._verdict = False

    def _on_hello(self, hello: Hello) -> None:
        if self._epoch and hello.epoch != self._epoch:
            self._show("the engine was started anew")
            self._from_seq = 0
        elif not self._epoch and self._asked_s is None:
            self._from_seq = hello.last_seq
        self._epoch = hello.epoch
        self._connected.set()

    def _is_ours(self, frame: LogFrame) -> bool:
        """Whether an entry is of the flatten that was asked for. Numbers tell, or the time where we came too late."""
        return frame.entry.ts_ns >= self._since_ns if self._from_seq is None else frame.seq > self._from_seq

    def _on_entry(self, entry: AnyAction) -> None:
        match entry:
            case Notice() if entry.topic == TOPIC or entry.severity == CRITICAL:
                self._has_shown_earlier = True
                self._show(f"{'!! ' if entry.severity == CRITICAL else ''}{entry.topic}: {entry.sentence}")
            case StateChanged(before=EngineState.FLATTENING):
                if entry.after is not EngineState.FLATTENING:
                    self._verdict = True
            case _:
                pass

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        """Where a flatten was under way before we came, its steps so far; and a word now and then while it lasts."""
        if snapshot.state is not EngineState.FLATTENING:
            if self._asked_s is not None and monotonic() - self._asked_s > BEGUN_WITHIN_S:
                self._show(f"the engine is {snapshot.state.value} and not flattening")
                self._verdict = False
            return
        if not self._has_shown_earlier:
            self._has_shown_earlier = True
            for step in snapshot.flatten_steps:
                self._show(f"{TOPIC}: {step}")
        if monotonic() - self._shown_s >= REMIND_EVERY_S:
            self._show(f"still flattening: {counted(len(snapshot.open_trades), 'trade')} open")

    def _show(self, text: str) -> None:
        """One line, with how long we have been watching."""
        self._shown_s = monotonic()
        self._notify(f"{self._shown_s - self._began_s:7.3f} s  {one_line(text)}")
