"""The cockpit's screen as a Textual app: reads the engine's stream, draws at a steady pace, and sends what is asked."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from time import monotonic

from rich.console import Console, RenderableType
from rich.control import Control
from textual._compositor import ChopsUpdate
from textual.binding import Binding, BindingsMap
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from cockpit.client.errors import EngineRefused
from cockpit.client.link import EngineLink, LinkChange
from cockpit.tui import keys
from cockpit.tui.app_base import Answer, Restart
from cockpit.tui.driver import driver_behind
from cockpit.tui.first_paint import FirstPaint
from cockpit.tui.flatten import DirectFlatten
from cockpit.tui.screens.modal import Modal
from cockpit.tui.screens.welcome import Welcome
from cockpit.tui.settings import ScreenSettings
from cockpit.tui.terminal import GRACE_S, STUCK, STUCK_CODE, TerminalState, Watchdog, end_now, listen_to_signals
from cockpit.tui.trade_actions import TradeActions

# The other half of repainting only changed cells: what Textual writes for a dirty region.
#
# Textual 8 crops a dirty region that starts inside a widget at its right only, so the output starts at the widget's
# left edge. Here it is cropped at both sides: a changed digit costs the bytes of a digit.


class CroppedUpdate(ChopsUpdate):
    """A partial update whose spans are cut at both ends."""

    @classmethod
    def of(cls, update: ChopsUpdate) -> "CroppedUpdate":
        """The same update, written more tightly."""
        return cls(update.chops, update.spans, update.chop_ends)

    def render_segments(self, console: Console) -> str:
        """Terminal sequences: for each span, a cursor move and the cells in it."""
        sequences: list[str] = []
        for y, first, beyond in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                start, stop = max(x, first), min(end, beyond)
                if strip is None or start >= stop:
                    continue
                sequences.append(Control.move_to(start, y).segment.text)
                sequences.append(strip.crop(start - x, stop - x).render(console))
        return "".join(sequences)


LOG = logging.getLogger("cockpit.screen")
AGAIN_AFTER_S = 1.0

Connect = Callable[[], EngineLink]
"""Makes the link; called off the loop, since what it imports takes a moment."""
Prepare = Callable[[], str]
"""Sees to it that there is an engine; returns what it did in words, raises `CannotAttach` where there can be none."""


class CannotAttach(Exception):
    """There is no engine and none can be started; the message is a line for the operator."""


class CockpitApp(TradeActions):
    """The screen. Ends with `detach`, `stopped`, or the reason it could not go on in `failure`."""

    TITLE = "Cockpit"
    ENABLE_COMMAND_PALETTE = False
    CSS = "CockpitScreen { background: $background; color: $foreground; }"

    def __init__(
        self,
        connect: Connect,
        settings: ScreenSettings | None = None,
        *,
        prepare: Prepare | None = None,
        restart: Restart | None = None,
        clock: Callable[[], float] = monotonic,
        on_paint: Callable[[], None] | None = None,
        first_paint: FirstPaint | None = None,
        direct_flatten: DirectFlatten | None = None,
    ) -> None:
        settings = settings or ScreenSettings()
        super().__init__(
            settings,
            restart=restart,
            clock=clock,
            direct_flatten=direct_flatten,
            driver_class=driver_behind(first_paint or FirstPaint(), settings.escape_s),
        )
        self._connect = connect
        self._prepare = prepare
        self._on_paint = on_paint
        self._first_paint = first_paint
        self._is_shown = False
        self._asked_early: list[Callable[[], None]] = []
        self._bindings = _bindings(self.settings.keys)

    # Textual's own hooks.

    def on_mount(self) -> None:
        """Paint first, then look for the engine."""
        self.set_interval(1.0 / self.settings.hz, self.flush)
        self.call_after_refresh(self._laid_out)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that fell says so; the screen goes on."""
        if event.state is WorkerState.ERROR:
            LOG.error("worker %s fell: %r", event.worker.name, event.worker.error)
            self.store.notify(f"the screen's {event.worker.name} fell: {event.worker.error}", "bad")

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Write only the cells of a dirty region (see `spans`), and nothing before there is a whole picture."""
        if not self._is_shown:
            return
        if isinstance(renderable, ChopsUpdate):
            renderable = CroppedUpdate.of(renderable)
        super()._display(screen, renderable)

    def open(self, modal: Modal[Answer], answered: Callable[[Answer | None], None] | None = None) -> None:
        """Not before there is a whole picture: over a screen that is not laid out yet nothing would ever be drawn."""
        if self._is_shown:
            super().open(modal, answered)
        else:
            self._asked_early.append(lambda: self.open(modal, answered))

    # The stream.

    def _laid_out(self) -> None:
        """The boards have their sizes: draw them, and only then let anything be seen."""
        self._main.draw(self.view, self.flow)
        self._is_shown = True
        self._main.refresh()
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        if self._on_paint is not None:
            self._on_paint()
        early, self._asked_early = self._asked_early, []
        for ask in early:
            ask()
        if self.settings.welcome:
            self.open(Welcome(self.settings.keys, lambda: self.view, self._appearance))
        self.in_background(self._find_and_read, "stream", exclusive=True)

    async def _find_and_read(self) -> None:
        """Find or start the engine, then read its stream for as long as there is a screen."""
        try:
            if self._prepare is not None:
                self.store.notify(await asyncio.to_thread(self._prepare))
            self.link = await asyncio.to_thread(self._connect)
            while True:
                await self._read(self.link)
                await asyncio.sleep(AGAIN_AFTER_S)
        except (CannotAttach, EngineRefused) as error:
            self.failure = str(error)
            self.exit("failed", return_code=1)

    async def _read(self, link: EngineLink) -> None:
        """Frames into the store; what is wrong with one of them is not the end of the screen."""
        try:
            async for frame in link.frames():
                self.store.take(frame, self.clock())
        except EngineRefused:
            raise
        except Exception as error:
            LOG.exception("the stream broke")
            self.store.take(LinkChange(False, self.clock(), f"{type(error).__name__}: {error}"), self.clock())

    # Running.

    def run_guarded(self) -> int:
        """Run on the real terminal until told to leave; returns the exit code. Never outlives its terminal."""
        terminal = (self._first_paint.found if self._first_paint is not None else None) or TerminalState()

        def end(code: int) -> None:
            terminal.restore(STUCK if code == STUCK_CODE else "")
            if code == STUCK_CODE:  # what is stuck may hold the log's own lock
                note = threading.Thread(target=LOG.error, args=("%s", STUCK.strip()), daemon=True)
                note.start()
                note.join(GRACE_S)
            end_now(code)

        def asked_to_end(code: int) -> None:
            self._watchdog.end_within(GRACE_S, code)
            with contextlib.suppress(RuntimeError):
                self.call_later(self.exit, "signal", code)

        self._watchdog = Watchdog(end=end)
        self._watchdog.start()
        self._signalled = asked_to_end
        try:
            self.run(mouse=self.settings.mouse)
        finally:
            self._watchdog.stop()
        return self.return_code or 0

    def on_ready(self) -> None:
        """The driver has set its own handlers by now; ours come after."""
        handler = getattr(self, "_signalled", None)
        if handler is not None:
            listen_to_signals(handler)


def _bindings(bound: Mapping[str, tuple[str, ...]]) -> BindingsMap:
    """Every key of the table; those that must work everywhere go first, before any input or modal."""
    return BindingsMap(
        [
            Binding(
                key,
                f"do('{action.id}')",
                action.label,
                show=bool(action.rank),
                priority=action.everywhere or (action.over and keys.is_everywhere(key)),
                id=action.id,
                tooltip=action.help,
            )
            for action in keys.TABLE
            for key in bound[action.id]
        ]
    )
