"""What every action of the screen has in hand: what is known, how it is drawn, and that it can be drawn at once."""

from collections.abc import Callable
from typing import TypeVar

from textual.app import App
from textual.driver import Driver
from textual.events import Resize
from textual.screen import Screen

from cockpit.client.link import EngineLink
from cockpit.domain.kinds import Mode
from cockpit.domain.stream import ProcessView
from cockpit.tui import keys
from cockpit.tui.flatten import KEY_ROAD, SHELL_ROAD, DirectFlatten, FlattenFlow
from cockpit.tui.footer import Offered
from cockpit.tui.main_screen import CockpitScreen
from cockpit.tui.pane_set import PaneSet
from cockpit.tui.picture import Appearance
from cockpit.tui.screens.modal import Modal
from cockpit.tui.settings import ScreenSettings
from cockpit.tui.store import Store
from cockpit.tui.terminal import Watchdog
from cockpit.tui.themes import PREFIX, textual_themes
from cockpit.tui.ticks import Ticks
from cockpit.tui.view import View

QUEUED_FRAMES = 4
"""With so many frames waiting for the terminal it is behind: nothing more is drawn until it has read them."""
Answer = TypeVar("Answer")
Restart = Callable[[ProcessView, Mode], str]
"""Starts the engine that was there again, on the same market and in the same mode; `CannotAttach` where it cannot."""


class CockpitBase(App[str]):
    """The app without its actions and without its stream."""

    def __init__(
        self,
        settings: ScreenSettings,
        *,
        restart: Restart | None,
        clock: Callable[[], float],
        direct_flatten: DirectFlatten | None,
        driver_class: type[Driver],
    ) -> None:
        self.settings = settings
        super().__init__(driver_class=driver_class)
        self.store = Store(clock())
        self.flow = FlattenFlow(settings.flatten_presses)
        self.pane_set = PaneSet()
        self.ticks = Ticks(settings.ticks_file)
        self.failure = ""
        self.animation_level = "none"
        self.asset = "BTC"
        self.link: EngineLink | None = None
        self.clock = clock
        self.direct_flatten = direct_flatten
        self.restart = restart
        self._watchdog = Watchdog()
        self._beat: tuple[object, ...] = ()
        self._appearance = settings.appearance
        bound = dict(settings.keys)
        way_out = KEY_ROAD.format(key=keys.shown(bound[keys.FLATTEN][0])) if direct_flatten is not None else SHELL_ROAD
        start_key = keys.shown(bound["start"][0]) if restart is not None and bound["start"] else ""
        self._main = CockpitScreen(
            self.pane_set, self._appearance, bound, self.view, way_out=way_out, start_key=start_key
        )
        for theme in textual_themes():
            self.register_theme(theme)
        self.theme = PREFIX + self._appearance.theme

    def get_default_screen(self) -> Screen[None]:
        """The panes."""
        return self._main

    def on_resize(self, _event: Resize) -> None:
        """The next look draws everything."""
        self._beat = ()

    def open(self, modal: Modal[Answer], answered: Callable[[Answer | None], None] | None = None) -> None:
        """A sheet or a question over the panes; over it the keys that take risk away go on working."""
        modal.keys_over = keys.over(self.settings.keys)
        self.push_screen(modal, answered)

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
