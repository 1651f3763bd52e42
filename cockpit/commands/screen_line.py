"""Which command lines end at the screen: told at a glance, so that it is drawn before the command line is understood.

A line that only might be one is not: then the command line's own parser has the first word, and its errors come without
a picture before them.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

FASTEST = 10_000.0
MODES = ("paper", "test", "live")


class ScreenLine(NamedTuple):
    """What the first picture must know of a command line."""

    home: Path | None = None
    config: Path | None = None


def screen_line(arguments: Sequence[str]) -> ScreenLine | None:
    """The line, where it leads to the screen for sure; None for everything else."""
    found: dict[str, str] = {}
    words = []
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("-"):
            words.append(word)
            continue
        name, value = _option(word, rest)
        if value is None:
            return None
        found[name] = value
    checks = _PROFILE | (_ATTACH if words else _ENGINE)
    if not all(name in checks and checks[name](value) for name, value in found.items()) or not _leads(words):
        return None
    return ScreenLine(*(Path(found[name]) if name in found else None for name in _PROFILE))


def _leads(words: list[str]) -> bool:
    """Nothing, `attach`, or `attach` and a URL."""
    return not words or (words[0] == "attach" and len(words) <= 2 and all(_is_url(word) for word in words[1:]))


def _option(word: str, rest: Iterator[str]) -> tuple[str, str | None]:
    """An option and its value, None where it is unknown or has none."""
    name, equals, value = word.partition("=")
    if name in _FLAGS:
        return name, None if equals else ""
    return name, value if equals else next(rest, None)


def _is_number(kind: Callable[[str], float]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return kind(text) >= 0
        except ValueError:
            return False

    return check


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _is_speed(text: str) -> bool:
    """Whether the command line takes it: what it refuses is refused without a picture before it."""
    try:
        return 0.0 <= float(text) <= FASTEST
    except ValueError:
        return False


_FLAGS = ("--arm", "--slow")
_PROFILE: dict[str, Callable[[str], bool]] = {"--home": bool, "--config": bool}
_ATTACH: dict[str, Callable[[str], bool]] = {"--token": bool, "--slow": lambda _: True}
_ENGINE: dict[str, Callable[[str], bool]] = {
    "--mode": lambda text: text in MODES,
    "--feed": bool,
    "--speed": _is_speed,
    "--max-trades": _is_number(int),
    "--port": _is_number(int),
    "--override-way-up": bool,
    "--arm": lambda _: True,
    "--slow": lambda _: True,
}
