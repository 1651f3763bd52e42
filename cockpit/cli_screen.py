"""Putting the screen on an engine: this profile's, started if need be, or one elsewhere.

Nothing heavy is imported before the first picture: neither the config's models nor the HTTP client.
"""

import gc
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cockpit.config.jsonfile import read_object
from cockpit.config.places import Places
from cockpit.config.problems import ConfigError, Problem
from cockpit.deck.address import Address, local, remote
from cockpit.tui.app import CannotAttach, CockpitApp, Connect, Prepare
from cockpit.tui.keys import KeymapError
from cockpit.tui.settings import LOCAL_HZ, REMOTE_HZ, ScreenSettings, SettingsError

SCREEN_LOG = "screen.log"


def attach_here(places: Places, options: Sequence[str], *, slow: bool = False) -> int:
    """The screen on this profile's engine. Returns the exit code."""

    def prepare() -> str:
        from cockpit.runtime.detached import EngineDidNotStart, ensure_engine

        try:
            return ensure_engine(places, options)
        except EngineDidNotStart as error:
            raise CannotAttach(str(error)) from error

    return _run(places, local(places.socket), prepare, str(places.home), slow)


def attach_elsewhere(places: Places, url: str, token: str, *, slow: bool = False) -> int:
    """The screen on an engine at a URL."""
    return _run(places, remote(url, token), None, url, slow)


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


def _run(places: Places, address: Address, prepare: Prepare | None, profile: str, slow: bool) -> int:
    settings = screen_settings(places.config, os.environ, slow=slow, profile=profile)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError(
            [Problem("terminal", "", "expected a terminal for the screen, was none", "use cockpit engine")]
        )
    _log_to(places)
    app = CockpitApp(_connect(address, settings.hz), settings, prepare=prepare, on_paint=gc.enable)
    code = app.run_guarded()
    if app.failure:
        sys.stderr.write(f"cockpit: {app.failure}\n")
        return code or 1
    if app.return_value == "detach":
        sys.stdout.write("detached: the engine goes on; cockpit attaches again, cockpit stop ends it\n")
    return code


def _connect(address: Address, hz: float) -> Connect:
    def connect() -> Any:
        from cockpit.deck.live import LiveLink

        return LiveLink(address, hz)

    return connect


def _log_to(places: Places) -> None:
    """The screen's own log; stderr is the screen itself. The file appears with its first line."""
    if not places.engine_log.parent.is_dir():
        return
    handler = logging.FileHandler(places.engine_log.parent / SCREEN_LOG, delay=True, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("cockpit.screen").addHandler(handler)
