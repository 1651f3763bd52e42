"""The front door: `cockpit` and `python -m cockpit`. A line that leads to the screen draws it first.

The rest comes behind the first picture: the command line's library, and Textual, take longer to import than it takes to
paint. The bare command has nothing to parse and does without the command line.
"""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cockpit.commands import COMPLETE_VARIABLE

if TYPE_CHECKING:
    from cockpit.tui.first_paint import FirstPaint

STANDARD_STREAMS = (0, 1, 2)
HELP_ASKED, HELP_COLUMNS = (["--help"], ["-h"], ["help"]), 80
NEVER_USED = ("httpx._main", "pydantic.v1", "python_multipart", "multipart")
"""What libraries would import if they could and do well without: httpx's own command line (with pygments), pydantic's
first version, which FastAPI looks for in every route, and forms, which our API has none of. A tenth of an engine's
start."""


def main() -> None:
    """The console script."""
    heed_no_stray_signals(sys.argv[1:])
    open_standard_streams()
    leave_out(NEVER_USED)
    sys.exit(run(sys.argv[1:]))


def heed_no_stray_signals(arguments: Sequence[str]) -> None:
    """What means nothing to us does not end us; an engine and a flatten outlive their terminal from the first moment.

    SIGQUIT is also what Ctrl+\\ sends where no screen reads it: pressed twice to flatten, it must not end the flatten.
    The engine and the screen give it a meaning of their own.
    """
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    if not {"engine", "flatten"}.isdisjoint(arguments):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def open_standard_streams() -> None:
    """A stream that a job runner closed (`>&-`) leads nowhere instead: else the next file opened takes its number."""
    while (lowest := os.open(os.devnull, os.O_RDWR)) <= STANDARD_STREAMS[-1]:
        os.set_inheritable(lowest, True)
    os.close(lowest)
    sys.stdin = sys.stdin or open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - it lives as long as we do
    sys.stdout = sys.stdout or open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False, encoding="utf-8")  # noqa: SIM115


def leave_out(names: Sequence[str]) -> None:
    """Importing these fails from now on, at once, as where they are not installed."""
    for name in names:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    if list(arguments) in HELP_ASKED and _prints_help():
        return 0
    from cockpit.commands.screen_line import screen_line

    line = None if COMPLETE_VARIABLE in os.environ else screen_line(arguments)
    if line is None:
        from cockpit.cli import run as command_line

        return command_line(arguments)
    gc.disable()  # while modules are imported: the screen is there a tenth sooner, and resumes it
    from cockpit.cli_screen import paint_first
    from cockpit.config.places import NoHome, find_places

    try:
        first_paint = paint_first(find_places(line.home, line.config))
    except NoHome as error:
        from cockpit.cli import failed

        return failed(error)
    if not arguments:
        return _screen(first_paint)
    with first_paint:
        from cockpit.cli import run as command_line

        return command_line(arguments, first_paint)


def _prints_help() -> bool:
    """The help as it was written down, where the terminal is as wide as that; all else is the command line's."""
    if COMPLETE_VARIABLE in os.environ or _columns() < HELP_COLUMNS:
        return False
    from cockpit.commands.help_text import HELP

    try:
        sys.stdout.write(HELP)
        sys.stdout.flush()
    except OSError:  # nobody reads it, or it cannot be written: the command line says so as it always does
        return False
    return True


def _columns() -> int:
    """How wide the terminal is; 80 where it does not say."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or HELP_COLUMNS
    except (OSError, ValueError):
        return HELP_COLUMNS


def _screen(first_paint: "FirstPaint") -> int:
    """What `cockpit` without a word does; errors are told as the command line tells them."""
    try:
        with first_paint:
            from cockpit.cli_screen import attach_here
            from cockpit.config.places import find_places

            return attach_here(find_places(None, None), (), first_paint=first_paint)
    except KeyboardInterrupt:
        sys.stderr.write("cockpit: interrupted\n")
        return 130
    except Exception as error:  # the last place before the user's terminal
        from cockpit.cli import failed

        return failed(error)


if __name__ == "__main__":
    main()
