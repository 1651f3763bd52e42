"""Where things live: one profile's home directory and the names in it, and which config file is meant."""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cockpit.config.journal_place import JournalPlace, find_journal
from cockpit.config.ownership import against_home

NO_HOME = "expected a home directory, was none (no HOME, and this user id has none): give --home DIR or COCKPIT_HOME"
LONGEST_SOCKET_PATH = 100
"""What every system takes as a Unix socket's path, in bytes."""
CONFIG_NAME = "tactical_scalp_config.json"
PACKAGE_DIR = Path(__file__).resolve().parents[1]


class NoHome(Exception):
    """Nobody knows where this user's files are: a container's user id without HOME. Its text says what to give."""


@dataclass(frozen=True, slots=True)
class Places:
    """One profile: a home directory and its config file. Nothing is created before `make_home`."""

    home: Path
    config: Path

    @property
    def journal(self) -> JournalPlace:
        """The journal: a SQLite file in the home, unless a database is named for it."""
        return find_journal(self.home / "journal.sqlite")

    @property
    def socket(self) -> Path:
        """The engine's Unix socket (0600)."""
        return self.home / "engine.sock"

    @property
    def token(self) -> Path:
        """The API's token (0600)."""
        return self.home / "token"

    @property
    def source_keys(self) -> Path:
        """Where the keys of the sources of signals are (0700, each file 0600)."""
        return self.home / "sources"

    @property
    def lock(self) -> Path:
        """Held by the one engine of this profile."""
        return self.home / "engine.lock"

    @property
    def engine_log(self) -> Path:
        """JSON lines, rotating."""
        return self.home / "logs" / "engine.log"

    @property
    def api_logs(self) -> Path:
        """The directory of the API's logs."""
        return self.home / "logs" / "api"

    @property
    def recordings(self) -> Path:
        return self.home / "recordings"

    @property
    def _directories(self) -> tuple[Path, ...]:
        return (self.home, self.engine_log.parent, self.api_logs, self.recordings)

    def in_the_way(self) -> str:
        """What stands where a directory or the lock has to be: another kind of file, or a link that leads nowhere."""
        for directory in self._directories:
            if os.path.lexists(directory) and not os.path.isdir(directory):
                return f"{directory} is no directory"
        if os.path.lexists(self.lock) and (self.lock.is_symlink() or not self.lock.is_file()):
            return f"{self.lock} is no file of its own: move it away"
        return ""

    def make_home(self) -> None:
        """Make the home, its logs and recordings, readable by their owner only.

        Raises `OSError` where that cannot be, or where it is not ours alone: tell the operator to choose another
        `--home`.
        """
        against = against_home(self.home)
        if against:
            raise PermissionError(errno.EPERM, against, str(self.home))
        if in_the_way := self.in_the_way():
            raise NotADirectoryError(errno.ENOTDIR, in_the_way, str(self.home))
        for directory in self._directories:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.home.stat().st_mode & 0o077:
            self.home.chmod(0o700)


def find_places(
    home: Path | None = None, config: Path | None = None, environ: Mapping[str, str] | None = None
) -> Places:
    """The profile meant by `--home` and `--config`, else by COCKPIT_HOME and COCKPIT_CONFIG, else the defaults.

    Raises `NoHome` where that leads through a home directory that nobody knows.
    """
    known = os.environ if environ is None else environ
    try:
        chosen_home = home or _path(known.get("COCKPIT_HOME")) or default_home()
        return Places(home=chosen_home.expanduser().absolute(), config=config_path(config, known).expanduser())
    except RuntimeError:
        raise NoHome(NO_HOME) from None


def config_path(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """The config file meant by `--config`, else by COCKPIT_CONFIG, else the shipped one."""
    known = os.environ if environ is None else environ
    return config or _path(known.get("COCKPIT_CONFIG")) or shipped_config_path()


def default_home() -> Path:
    """Where the platform keeps an application's state. Raises `RuntimeError` where the user has no home directory."""
    import platformdirs

    state = Path(platformdirs.user_state_dir("cockpit", appauthor=False))
    if not state.is_absolute():
        raise RuntimeError(NO_HOME)
    return state


def shipped_config_path() -> Path:
    """The config that comes with Cockpit: beside the package in a checkout, inside it once installed."""
    installed = PACKAGE_DIR / "shipped" / CONFIG_NAME
    return installed if installed.exists() else PACKAGE_DIR.parent / "config" / CONFIG_NAME


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
