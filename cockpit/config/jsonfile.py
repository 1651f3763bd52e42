"""Reading a JSON file for people: comments as "//" keys, no key twice, and syntax errors with their line."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cockpit.config.problems import ConfigError, Problem
from cockpit.config.show import shown

COMMENT_KEY = "//"
MOST_BYTES = 1_000_000
"""A hundred times what the shipped one has. Reading what is endless would keep an operator from a flatten."""


class JsonSyntaxError(ConfigError):
    """Text that is no JSON at all. For a file that is the end of it; a `--set` value is then taken as text."""


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys it was given twice, with both values."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__()
        self.twice: list[tuple[str, Any, Any]] = []
        for key, value in pairs:
            if key == COMMENT_KEY:
                continue
            if key in self:
                self.twice.append((key, self[key], value))
            self[key] = value


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in this file, without its comments.

    Raises `ConfigError` (one line naming the file, and the line or key) when the file is missing, unreadable, no JSON,
    no object, or gives a key twice: show it to the operator.
    """
    source = str(path)
    try:
        text = _bytes_of(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            [Problem(source, "", f"expected UTF-8 text, was byte {error.start} outside of it", "save it as UTF-8")]
        ) from None
    value = parse(text, source)
    if not isinstance(value, dict):
        finding = f"expected a JSON object {{...}}, was {shown(value)}"
        raise ConfigError([Problem(source, "", finding, "start from the shipped config")])
    return value


def read_loosely(path: Path) -> dict[str, Any]:
    """What can be made out of a file that `read_object` refuses: in whatever encoding JSON may be written, of a key
    that is given twice the last, and nothing of what stands behind its end. Nothing where that is no object either.
    """
    try:
        data = _bytes_of(path)
        text = data.decode(json.detect_encoding(data), "replace").replace("\0", "").lstrip("\ufeff \t\r\n")
        value, _ = json.JSONDecoder(object_pairs_hook=_Object, strict=False).raw_decode(text)
    except (ConfigError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _bytes_of(path: Path) -> bytes:
    source = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError([Problem(source, "", "expected a config file, was no such file", "check the path")]) from None
    except OSError as error:
        raise ConfigError(
            [Problem(source, "", f"expected a readable file, was {error.strerror}", "check the path")]
        ) from None
    if len(data) > MOST_BYTES:
        finding = f"expected a config of at most {MOST_BYTES:,} bytes, was larger"
        raise ConfigError([Problem(source, "", finding, "check the path")])
    return data


def parse(text: str, source: str) -> Any:
    """JSON text as plain values without comments. Raises `ConfigError` naming `source` and the line or key."""
    try:
        value = json.loads(text, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        finding = f"expected JSON, was a syntax error at line {error.lineno} column {error.colno} ({error.msg})"
        raise JsonSyntaxError([Problem(source, "", finding, "correct it there or just before")]) from None
    except RecursionError:
        raise ConfigError([Problem(source, "", "expected JSON, was nested too deep", "flatten it")]) from None
    except ValueError:
        raise ConfigError([Problem(source, "", "expected JSON, was a number too long to read", "shorten it")]) from None
    problems = _given_twice(value, (), source)
    if problems:
        raise ConfigError(problems)
    return value


def _given_twice(value: Any, path: tuple[str, ...], source: str) -> list[Problem]:
    problems: list[Problem] = []
    children: Iterable[tuple[int | str, Any]] = enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, _Object):
        children = value.items()
        for key, first, second in value.twice:
            finding = f"expected the key once, was given twice ({shown(first)}, then {shown(second)})"
            problems.append(Problem(source, ".".join((*path, key)), finding, "remove one of them"))
    for name, child in children:
        problems += _given_twice(child, (*path, str(name)), source)
    return problems
