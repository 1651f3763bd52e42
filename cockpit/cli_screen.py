"""Putting the screen on an engine: this profile's, started if need be, or one elsewhere.

Nothing heavy is imported before the first picture: not Textual, the config's models or the HTTP client.
"""

import contextlib
import gc
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from cockpit.client.address import Address, local, remote
from cockpit.config.jsonfile import read_object
from cockpit.config.places import Places
from cockpit.config.problems import ConfigError, Problem
from cockpit.tui.first_paint import FirstPaint
from cockpit.tui.flatten import DirectFlatten, Outcome
from cockpit.tui.footer import left_behind
from cockpit.tui.keys import KeymapError
from cockpit.tui.settings import LOCAL_HZ, REMOTE_HZ, ScreenSettings, SettingsError

if TYPE_CHECKING:
    from cockpit.domain.kinds import Mode
    from cockpit.domain.stream import ProcessView
    from cockpit.tui.app import CockpitApp, Connect, Prepare
    from cockpit.tui.app_base import Restart

SCREEN_LOG = "screen.log"
TICKS = "checklist.json"
CHOICES = "screen.json"
CANNOT_DRAW = ("", "dumb", "unknown")
SIZE_WITHIN_S = 1.0
SIZE_POLL_EVERY_S = 0.05


def paint_first(places: Places, url: str = "") -> FirstPaint:
    """The first picture, at once; none where there is no terminal, or a config that will be refused in a moment."""
    first_paint = FirstPaint()
    if not against_drawing(os.environ):
        with contextlib.suppress(ConfigError):
            first_paint.rise(screen_settings(places.config, os.environ, profile=url or str(places.home)))
    return first_paint


def attach_here(
    places: Places, options: Sequence[str], *, slow: bool = False, first_paint: FirstPaint | None = None
) -> int:
    """The screen on this profile's engine. Returns the exit code."""

    def prepare() -> str:
        from cockpit.runtime.detached import EngineDidNotStart, engine_answers, ensure_engine
        from cockpit.tui.app import CannotAttach

        if engine_answers(places.socket):
            from cockpit.commands.other_engine import against_attaching

            refusal = against_attaching(places, options)
            if refusal:
                raise CannotAttach(refusal)
        try:
            return ensure_engine(places, options)
        except EngineDidNotStart as error:
            raise CannotAttach(str(error)) from error

    def restart(process: "ProcessView", mode: "Mode") -> str:
        from cockpit.commands.other_engine import options_again
        from cockpit.runtime.detached import ensure_engine

        return ensure_engine(places, options_again(process, mode, options))

    def flatten() -> AsyncIterator[str | Outcome]:
        from cockpit.commands.direct_flatten import flatten_command, lines_of

        return lines_of(flatten_command(places))

    settings = screen_settings(places.config, os.environ, slow=slow, profile=str(places.home))
    settings = replace(
        settings,
        ticks_file=places.home / TICKS,
        choices_file=places.home / CHOICES,
        welcome=not places.journal.exists(),
    )
    return _run(
        places, local(places.socket), settings, first_paint, prepare=prepare, restart=restart, direct_flatten=flatten
    )


def attach_elsewhere(
    places: Places, url: str, token: str, *, slow: bool = False, first_paint: FirstPaint | None = None
) -> int:
    """The screen on an engine at a URL. The direct road is on its machine, not here."""
    settings = screen_settings(places.config, os.environ, slow=slow, profile=url)
    return _run(places, remote(url, token), settings, first_paint)


def screen_settings(
    config: Path, environ: Mapping[str, str], *, slow: bool = False, profile: str = ""
) -> ScreenSettings:
    """The operator's choices from the config's `screen` section, and what the terminal asks for.

    Raises `ConfigError` naming file and key: a keymap that cannot be used is refused before anything is drawn.
    """
    chosen: Any = read_object(config).get("screen", {})
    is_remote = slow or bool(environ.get("SSH_CONNECTION"))
    try:
        return ScreenSettings.of(
            chosen if isinstance(chosen, dict) else {},
            hz=REMOTE_HZ if is_remote else LOCAL_HZ,
            colour=not environ.get("NO_COLOR"),
            profile=profile,
            host=socket.gethostname().partition(".")[0],
            save_to=str(Path.cwd()),
        ).fitting(environ, sys.__stderr__.encoding if sys.__stderr__ is not None else "")
    except (SettingsError, KeymapError) as error:
        key, _, finding = str(error).partition(": ")
        key = key if key.startswith("screen") else f"screen.{key}"
        raise ConfigError([Problem(str(config), key, finding, "see the keys in the help screen")]) from error


def _forget_exported_size() -> None:
    """Rich and Textual believe COLUMNS and LINES before the terminal: where these are exported, no resize is seen."""
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)


def _run(
    places: Places,
    address: Address,
    settings: ScreenSettings,
    first_paint: FirstPaint | None,
    *,
    prepare: "Prepare | None" = None,
    restart: "Restart | None" = None,
    direct_flatten: DirectFlatten | None = None,
) -> int:
    against = against_drawing(os.environ)
    if against:
        raise ConfigError([Problem("terminal", "", against, "use cockpit engine, cockpit status and cockpit flatten")])
    _log_to(places)
    _forget_exported_size()
    with first_paint or FirstPaint() as over:
        over.rise(settings)
        from cockpit.tui.app import CockpitApp

        app = CockpitApp(
            _connect(address, settings.hz),
            settings,
            prepare=prepare,
            restart=restart,
            on_paint=gc.enable,
            first_paint=over,
            direct_flatten=direct_flatten,
        )
        code = app.run_guarded()
    if app.failure:
        sys.stderr.write(f"cockpit: {app.failure}\n")
        return code or 1
    if app.return_value == "detach" and app.view.lost_s is not None:
        sys.stderr.write(f"cockpit: {_left_behind(places, app, is_here=restart is not None)}\n")
        return code or 1
    if app.return_value == "detach":
        sys.stdout.write("detached: the engine goes on; cockpit attaches again, cockpit stop ends it\n")
    return code


def _left_behind(places: Places, app: "CockpitApp", *, is_here: bool) -> str:
    """What becomes of an engine that did not answer when its screen was left."""
    said = left_behind(app.view)
    if not is_here:
        return f"{said} It may still run: cockpit attach tries again"
    from cockpit.runtime.lock import is_held, read_holder

    if is_held(places.lock):
        pid = read_holder(places.lock).get("pid", "unknown")
        return f"{said} Its process {pid} still runs: cockpit flatten closes at the venue without it"
    return f"{said} It has ENDED: cockpit starts it again, cockpit flatten closes at the venue without it"


def against_drawing(environ: Mapping[str, str]) -> str:
    """What stands against a screen here, in one line; empty where nothing does."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        return "expected a terminal for the screen, was none"
    kind = environ.get("TERM", "")
    if kind in CANNOT_DRAW:
        return f"expected a terminal that can be drawn on, was TERM={kind or '(not set)'}"
    columns, rows = _size_soon()
    if not (columns and rows):
        return f"expected a terminal with a size, was {columns} columns and {rows} rows (stty rows 24 cols 80 sets one)"
    return ""


def _size_soon() -> tuple[int, int]:
    """The terminal's columns and rows. One that was just made may be told its size a moment later."""
    deadline_s = monotonic() + SIZE_WITHIN_S
    while True:
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
        if (columns and rows) or monotonic() > deadline_s:
            return columns, rows
        sleep(SIZE_POLL_EVERY_S)


def _connect(address: Address, hz: float) -> "Connect":
    def connect() -> Any:
        from cockpit.client.live import LiveLink

        return LiveLink(address, hz)

    return connect


def _log_to(places: Places) -> None:
    """The screen's own log; stderr is the screen itself. The file appears with its first line."""
    if not places.engine_log.parent.is_dir():
        return
    handler = logging.FileHandler(places.engine_log.parent / SCREEN_LOG, delay=True, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("cockpit.screen").addHandler(handler)
