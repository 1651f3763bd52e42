"""Putting the screen on an engine: this profile's, started if need be, or one elsewhere.

Nothing heavy is imported before the first picture: not Textual, the config's models or the HTTP client.
"""

import contextlib
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.client.address import Address, local, remote
from cockpit.config.jsonfile import read_object
from cockpit.config.places import Places
from cockpit.config.problems import ConfigError, Problem
from cockpit.tui.first_paint import FirstPaint
from cockpit.tui.flatten import DirectFlatten, Outcome
from cockpit.tui.keys import KeymapError
from cockpit.tui.settings import LOCAL_HZ, REMOTE_HZ, ScreenSettings, SettingsError

if TYPE_CHECKING:
    from cockpit.tui.app import Connect, Prepare

SCREEN_LOG = "screen.log"
TICKS = "checklist.json"


def paint_first(places: Places) -> FirstPaint:
    """The first picture, at once; none where there is no terminal, or a config that will be refused in a moment."""
    first_paint = FirstPaint()
    if _has_terminal():
        with contextlib.suppress(ConfigError):
            first_paint.rise(screen_settings(places.config, os.environ))
    return first_paint


def attach_here(
    places: Places, options: Sequence[str], *, slow: bool = False, first_paint: FirstPaint | None = None
) -> int:
    """The screen on this profile's engine. Returns the exit code."""

    def prepare() -> str:
        from cockpit.runtime.detached import EngineDidNotStart, ensure_engine
        from cockpit.tui.app import CannotAttach

        try:
            return ensure_engine(places, options)
        except EngineDidNotStart as error:
            raise CannotAttach(str(error)) from error

    def flatten() -> AsyncIterator[str | Outcome]:
        from cockpit.commands.direct_flatten import flatten_command, told_by

        return told_by(flatten_command(places))

    settings = screen_settings(places.config, os.environ, slow=slow, profile=str(places.home))
    settings = replace(settings, ticks_file=places.home / TICKS, welcome=not places.journal.exists())
    return _run(places, local(places.socket), settings, first_paint, prepare=prepare, direct_flatten=flatten)


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
            save_to=str(Path.cwd()),
        )
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
    direct_flatten: DirectFlatten | None = None,
) -> int:
    if not _has_terminal():
        raise ConfigError(
            [Problem("terminal", "", "expected a terminal for the screen, was none", "use cockpit engine")]
        )
    _log_to(places)
    _forget_exported_size()
    with first_paint or FirstPaint() as over:
        over.rise(settings)
        from cockpit.tui.app import CockpitApp

        app = CockpitApp(
            _connect(address, settings.hz),
            settings,
            prepare=prepare,
            on_paint=gc.enable,
            first_paint=over,
            direct_flatten=direct_flatten,
        )
        code = app.run_guarded()
    if app.failure:
        sys.stderr.write(f"cockpit: {app.failure}\n")
        return code or 1
    if app.return_value == "detach":
        sys.stdout.write("detached: the engine goes on; cockpit attaches again, cockpit stop ends it\n")
    return code


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


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
