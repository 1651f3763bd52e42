"""The options that every command has, wherever on the line they are given."""

from collections.abc import Sequence

GLOBAL_OPTIONS = ("--home", "--config")


def globals_first(arguments: Sequence[str]) -> list[str]:
    """The same command line with `--home` and `--config` before the command, wherever they were given."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in GLOBAL_OPTIONS:
            value = next(words, None)
            if value is None:
                return [*front, word]
            front += [word, value]
        elif word.partition("=")[0] in GLOBAL_OPTIONS:
            front.append(word)
        else:
            rest.append(word)
    return [*front, *rest]
