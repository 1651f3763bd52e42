"""The cockpit's screen as a Textual app: reads the engine's stream, draws at a steady pace, and sends what is asked."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from time import monotonic

from rich.console import RenderableType
from textual._compositor import ChopsUpdate
from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.events import Resize
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from cockpit.client.errors import EngineRefused
from cockpit.client.link import EngineLink, LinkChange
from cockpit.domain.kinds import Mode
from cockpit.domain.stream import ProcessView
from cockpit.tui import keys
from cockpit.tui.driver import driver_behind
from cockpit.tui.first_paint import FirstPaint
from cockpit.tui.flatten import KEY_ROAD, SHELL_ROAD, DirectFlatten, FlattenFlow
from cockpit.tui.footer import Offered
from cockpit.tui.main_screen import CockpitScreen
from cockpit.tui.operator import OperatorActions
from cockpit.tui.palette_commands import KeyCommands
from cockpit.tui.pane_set import PaneSet
from cockpit.tui.picture import Appearance
from cockpit.tui.screens.welcome import Welcome
from cockpit.tui.settings import ScreenSettings
from cockpit.tui.spans import CroppedUpdate
from cockpit.tui.store import Store
from cockpit.tui.terminal import GRACE_S, STUCK, STUCK_CODE, TerminalState, Watchdog, end_now, listen_to_signals
from cockpit.tui.themes import PREFIX, textual_themes
from cockpit.tui.ticks import Ticks
from cockpit.tui.view import View

LOG = logging.getLogger("cockpit.screen")
QUEUED_FRAMES = 4
"""With so many frames waiting for the terminal it is behind: nothing more is drawn until it has read them."""
AGAIN_AFTER_S = 1.0

Connect = Callable[[], EngineLink]
"""Makes the link; called off the loop, since what it imports takes a moment."""
Prepare = Callable[[], str]
"""Sees to it that there is an engine; returns what it did in words, raises `CannotAttach` where there can be none."""

Restart = Callable[[ProcessView, Mode], str]
"""Starts the engine that was there again, on the same market and in the same mode; as `Prepare` otherwise."""


class CannotAttach(Exception):
    """There is no engine and none can be started; the message is a line for the operator."""


class CockpitApp(OperatorActions, App[str]):
    """The screen. Ends with `detach`, `stopped`, or the reason it could not go on in `failure`."""

    TITLE = "Cockpit"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS = frozenset({KeyCommands})  # type: ignore[assignment]  # a set by its hint, and never changed
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
        self.settings = settings or ScreenSettings()
        super().__init__(driver_class=driver_behind(first_paint or FirstPaint(), self.settings.escape_s))
        self.store = Store(clock())
        self.flow = FlattenFlow(self.settings.flatten_presses)
        self.pane_set = PaneSet()
        self.ticks = Ticks(self.settings.ticks_file)
        self.failure = ""
        self.animation_level = "none"
        self.asset = "BTC"
        self.link: EngineLink | None = None
        self.clock = clock
        self.direct_flatten = direct_flatten
        self._connect = connect
        self._prepare = prepare
        self.restart = restart
        self._on_paint = on_paint
        self._curtain = first_paint
        self._watchdog = Watchdog()
        self._beat: tuple[object, ...] = ()
        self._is_shown = False
        self._appearance = self.settings.appearance
        way_out = KEY_ROAD if direct_flatten is not None else SHELL_ROAD
        bound = dict(self.settings.keys)
        start_key = keys.shown(bound["start"][0]) if restart is not None and bound["start"] else ""
        self._main = CockpitScreen(
            self.pane_set, self._appearance, bound, self.view, way_out=way_out, start_key=start_key
        )
        self._bindings = _bindings(self.settings.keys)
        for theme in textual_themes():
            self.register_theme(theme)
        self.theme = PREFIX + self._appearance.theme

    # Textual's own hooks.

    def get_default_screen(self) -> Screen[None]:
        """The panes."""
        return self._main

    def on_mount(self) -> None:
        """Paint first, then look for the engine."""
        self.set_interval(1.0 / self.settings.hz, self.flush)
        self.call_after_refresh(self._laid_out)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that fell says so; the screen goes on."""
        if event.state is WorkerState.ERROR:
            LOG.error("worker %s fell: %r", event.worker.name, event.worker.error)
            self.store.notify(f"the screen's {event.worker.name} fell: {event.worker.error}", "bad")

    def on_resize(self, _event: Resize) -> None:
        """The next look draws everything."""
        self._beat = ()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Write only the cells of a dirty region (see `spans`), and nothing before there is a whole picture."""
        if not self._is_shown:
            return
        if isinstance(renderable, ChopsUpdate):
            renderable = CroppedUpdate.of(renderable)
        super()._display(screen, renderable)

    # Looking.

    @property
    def view(self) -> View:
        """What there is to see now."""
        return View(self.store, self.asset, self._appearance.glyphs, self.clock())

    @property
    def appearance(self) -> Appearance:
        """How it is drawn."""
        return self._appearance

    @property
    def panes(self) -> CockpitScreen:
        """The screen under whatever is open over it."""
        return self._main

    @property
    def offered(self) -> Offered:
        """Which keys work now, by what is open."""
        return Offered.PANES if len(self.screen_stack) < 2 else getattr(self.screen, "OFFERED", Offered.TEXT)

    def flush(self) -> None:
        """Draw what changed since the last time, unless the terminal is behind: then it gets a later picture."""
        self._watchdog.tick()
        if self._terminal_is_behind() or not self._main.is_mounted:
            return
        view = self.view
        self.flow.tick(view.now_s)
        if view.snapshot is not None and view.lost_s is None:
            self.flow.see(view.snapshot, self.store.flatten_steps, self.store.received_s)
        self._main.offered = self.offered
        shown = (self.asset, self.pane_set.gate_log.filter, self.offered)
        beat = (self.store.version, int(view.now_s), self.flow.stage, *shown)
        if beat == self._beat:
            return
        self._beat = beat
        self._follow_mode(view)
        self._main.draw(view, self.flow)
        for screen in self.screen_stack[1:]:
            redraw = getattr(screen, "redraw", None)
            if redraw is not None and screen.is_mounted:
                redraw()

    def redraw(self) -> None:
        """Draw at once, without waiting for the next look: a key was pressed."""
        self._beat = ()
        self.flush()

    def restyle(self, appearance: Appearance) -> None:
        """Another theme, other signs, or another mode's frame."""
        self._appearance = appearance
        self.theme = PREFIX + appearance.theme
        for screen in self.screen_stack:
            change = getattr(screen, "restyle", None)
            if change is not None and screen.is_mounted:
                change(appearance)
        self._beat = ()

    def _follow_mode(self, view: View) -> None:
        mode = view.store.mode
        if mode is not None and mode.value != self._appearance.mode:
            self.restyle(self._appearance._replace(mode=mode.value))

    def _terminal_is_behind(self) -> bool:
        writer = getattr(self._driver, "_writer_thread", None)
        return writer is not None and writer._queue.qsize() >= QUEUED_FRAMES

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
        if self.settings.welcome:
            self.push_screen(Welcome(self.settings.keys, lambda: self.view, self._appearance))
        self.run_worker(self._find_and_read(), name="stream", group="stream", exclusive=True, exit_on_error=False)

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
        terminal = (self._curtain.found if self._curtain is not None else None) or TerminalState()

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
            self.run(mouse=False)
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
