"""What every action of the screen has in hand: what is known, how it is drawn, and that it can be drawn at once."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from textual.app import App
from textual.driver import Driver
from textual.events import Key, Resize
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES, Theme
from textual.worker import Worker

from cockpit.client.link import EngineLink
from cockpit.domain.kinds import Mode
from cockpit.domain.stream import ProcessView
from cockpit.tui import keys, palette
from cockpit.tui.choices import Choices
from cockpit.tui.flatten import KEY_ROAD, SHELL_ROAD, DirectFlatten, FlattenFlow
from cockpit.tui.footer import Offered
from cockpit.tui.main_screen import CockpitScreen
from cockpit.tui.pane_set import PaneSet
from cockpit.tui.picture import Appearance
from cockpit.tui.screens.modal import Modal
from cockpit.tui.settings import ScreenSettings
from cockpit.tui.store import ALARM, Store
from cockpit.tui.terminal import RESTORE_TITLE, Watchdog
from cockpit.tui.text import clean
from cockpit.tui.view import View

# The operator's own checklist points, ticked for one UTC day and kept beside the profile's other files.
#
# The engine has no part in it: they are a person's word. A point is known by its text, so a config that words it
# otherwise asks again. Two screens on one profile see each other's ticks when the checklist is opened.

LONGEST_BYTES = 100_000


class Ticks:
    """What was ticked on a day (`2025-10-19`). Without a file the ticks last as long as the screen."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._day = ""
        self._ticked: frozenset[str] = frozenset()
        self.read()

    def of(self, day: str) -> frozenset[str]:
        """The points that are ticked on this day: none on another than they were ticked on."""
        return self._ticked if day == self._day else frozenset()

    def read(self) -> None:
        """Look again at what is kept; what cannot be read counts as not ticked."""
        if self._path is None or not self._path.is_file():  # a pipe would hold the screen
            return
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            with self._path.open(encoding="utf-8") as file:
                kept = json.loads(file.read(LONGEST_BYTES))
            self._day, self._ticked = str(kept["day"]), frozenset(str(point) for point in kept["ticked"])

    def toggle(self, day: str, point: str) -> None:
        """Tick a point, or take its tick back. Raises `OSError` where it cannot be kept: it counts on this screen."""
        self._day, self._ticked = day, self.of(day) ^ {point}
        if self._path is None:
            return
        kept = json.dumps({"day": self._day, "ticked": sorted(self._ticked)}, ensure_ascii=False, indent=1)
        beside = self._path.with_suffix(".new")
        beside.write_text(kept + "\n", encoding="utf-8")
        beside.chmod(0o600)
        os.replace(beside, self._path)


# The palettes as Textual themes, for the few widgets that are not boards: inputs and the command palette.

PREFIX = "cockpit-"
ANSI_TEMPLATE = "ansi-dark"
"""Textual's own stylesheets want its variables when colours are the terminal's."""


def textual_themes() -> list[Theme]:
    """One Textual theme for each palette, and one without any colour."""
    found = [_theme(name, colours) for name, colours in palette.THEMES.items()]
    plain = dict.fromkeys(palette.ANSI, "default")
    return [*found, _theme(palette.MONO, plain)]


def _theme(name: str, colours: dict[str, str]) -> Theme:
    is_ansi = colours["back"] == "default"

    def colour(role: str) -> str:
        return f"ansi_{colours[role]}" if is_ansi else colours[role]

    return Theme(
        name=PREFIX + name,
        primary=colour("info"),
        secondary=colour("info"),
        warning=colour("warn"),
        error=colour("bad"),
        success=colour("good"),
        accent=colour("info"),
        foreground=colour("text"),
        background=colour("back"),
        surface=colour("back"),
        panel=colour("cursor_back"),
        dark=name != "light",
        ansi=is_ansi,
        variables=dict(BUILTIN_THEMES[ANSI_TEMPLATE].variables) if is_ansi else {},
    )


SET_TITLE, KEEP_TITLE = "\x1b]2;{title}\x07", "\x1b[22;2t"
RING = "\a"
REVERSED, NOT_REVERSED, FLASH_S = "\x1b[?5h", "\x1b[?5l", 0.15
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
        self.terminal_title = ""
        self.animation_level = "none"
        self.asset = "BTC"
        self.choices = Choices(settings.choices_file)
        self.layout_name = self.choices.begin(self.pane_set.kept, settings.layout, settings.layouts)
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
        self._main.layout_in_use = settings.layouts[self.layout_name]
        for theme in textual_themes():
            self.register_theme(theme)
        self.theme = PREFIX + self._appearance.theme

    def get_default_screen(self) -> Screen[None]:
        return self._main

    def on_resize(self, _event: Resize) -> None:
        """The next look draws everything."""
        self._beat = ()

    def on_key(self, event: Key) -> None:
        """A letter that was on its way while a text field opened is typed there, and is no key of the app's."""
        top = self.screen
        if isinstance(top, Modal) and top.offered is Offered.TEXT and event.is_printable and event.character:
            event.stop().prevent_default()
            top.typed_early(event.character)

    def open(self, modal: Modal[Answer], answered: Callable[[Answer | None], None] | None = None) -> None:
        """A sheet or a question over the panes; over it the keys that take risk away go on working."""
        modal.keys_over = keys.over(self.settings.keys)
        modal.panes = self._main
        self._main.offered = modal.OFFERED
        self._main.draw(self.view, self.flow)
        self.push_screen(modal, answered)

    def in_background(
        self, work: Callable[[], Any], group: str, name: str = "", *, exclusive: bool = False
    ) -> Worker[Any]:
        """Begin it beside the screen. One that is replaced before it began was never made."""
        return self.run_worker(work, name=name or group, group=group, exclusive=exclusive, exit_on_error=False)

    def on_unmount(self) -> None:
        """The terminal gets its own title back."""
        if self.terminal_title and self._driver is not None:
            self._driver.write(RESTORE_TITLE)

    @property
    def view(self) -> View:
        """What there is to see now."""
        return View(self.store, self.asset, self._appearance.glyphs, self.clock(), self.settings.identity)

    @property
    def appearance(self) -> Appearance:
        return self._appearance

    @property
    def panes(self) -> CockpitScreen:
        """The screen under whatever is open over it."""
        return self._main

    @property
    def offered(self) -> Offered:
        """Which keys work now, by what is open."""
        return Offered.PANES if len(self.screen_stack) < 2 else getattr(self.screen, "offered", Offered.TEXT)

    def flush(self) -> None:
        """Draw what changed since the last time, unless the terminal is behind: then it gets a later picture.

        Nothing is drawn on screens that are being taken apart as the app ends.
        """
        self._watchdog.tick()
        if not self.is_running or self._terminal_is_behind() or not self._main.is_mounted:
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
        self._name_terminal(view)
        self._signal()
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

    def _name_terminal(self, view: View) -> None:
        """The terminal's title says which cockpit this is, whose money it trades and what it does."""
        now = view.snapshot
        state = f"{now.mode.value.upper()} {now.state.value.replace('_', ' ').upper()}" if now is not None else "?"
        if view.lost_s is not None and view.store.link.ever:
            state = "ENGINE LOST"
        title = clean(f"{state} {view.identity or 'cockpit'}")
        if title != self.terminal_title and self._driver is not None:
            self._driver.write(("" if self.terminal_title else KEEP_TITLE) + SET_TITLE.format(title=title))
            self.terminal_title = title

    def _signal(self) -> None:
        """Ring or flash for what the operator chose to be called for, and for alarms of their own always."""
        happened = set(self.store.happened)
        self.store.happened.clear()
        if self._driver is None:
            return
        if happened & {ALARM, *self.settings.bell}:
            self._driver.write(RING)
        if happened & {ALARM, *self.settings.flash}:
            self._driver.write(REVERSED)
            self.set_timer(FLASH_S, lambda: self._driver and self._driver.write(NOT_REVERSED))

    def _terminal_is_behind(self) -> bool:
        writer = getattr(self._driver, "_writer_thread", None)
        return writer is not None and writer._queue.qsize() >= QUEUED_FRAMES
