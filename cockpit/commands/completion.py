"""`cockpit completion`: what a shell sources to complete commands, options and their values."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from cockpit.commands import COMPLETE_VARIABLE


class Shell(StrEnum):
    """The shells it speaks."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish")]) -> None:
    """Shell completion, to be sourced.

    Prints a script for bash, zsh or fish. For good: put the line of your shell into its start file.

    Example: cockpit completion bash > ~/.local/share/bash-completion/completions/cockpit
    """
    script = _shells().get_completion_script(prog_name="cockpit", complete_var=COMPLETE_VARIABLE, shell=shell.value)
    typer.echo(script.strip())


def completion_init() -> None:
    """Teach the command line the shells' ways of asking. It answers a question with completions, and ends."""
    _shells().completion_init()


def _shells() -> Any:
    """Typer's own, for which it has no other name."""
    from typer import completion

    return completion
