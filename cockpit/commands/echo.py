"""What a command prints: whatever came from a file or an engine, no escape code of it reaches the terminal."""

import shutil
import sys

import typer

from cockpit.domain.plain_text import printable_lines


def echo(text: str) -> None:
    """Print lines on stdout."""
    typer.echo(printable_lines(text))


def terminal_cells() -> int | None:
    """How wide the terminal on stdout is; None for a pipe or a file, where no line is broken."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
