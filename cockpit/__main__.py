"""The front door: `cockpit` and `python -m cockpit`. The bare command goes straight to its screen.

Everything else is the command line's. Its library takes longer to import than the screen takes to paint.
"""

import sys


def main() -> None:
    """The console script."""
    if len(sys.argv) > 1:
        from cockpit.cli import main as command_line

        command_line()
    sys.exit(_screen())


def _screen() -> int:
    """What `cockpit` without a word does; errors are told as the command line tells them."""
    import gc

    gc.disable()  # while modules are imported: the first picture is a tenth sooner, and resumes it
    try:
        from cockpit.cli_screen import attach_here
        from cockpit.config.places import find_places

        return attach_here(find_places(None, None), ())
    except KeyboardInterrupt:
        sys.stderr.write("cockpit: interrupted\n")
        return 130
    except Exception as error:  # the last place before the user's terminal
        from cockpit.cli import failed

        return failed(error)


if __name__ == "__main__":
    main()
