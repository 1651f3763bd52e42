"""Names of modules, types, functions, attributes and constants are the field's own words, as the glossary has them.

A test's own name is a sentence, and prose: it may have any word.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve()
NOT_OURS = {"hear", "hears", "heard", "tell", "tells", "told", "say", "says", "said", "word", "words"} | {
    *("look", "looks", "looked", "desk", "room", "rooms", "stranger", "strangers"),
    *(
        "curtain",
        "witness",
        "witnesses",
        "witnessed",
        "deck",
        "errand",
        "errands",
        "teller",
        "goodbye",
    ),
}
"""Prose may have them; as names they say nothing that somebody would search for."""

GIVEN_UP = frozenset({"desk", "desks", "deck", "decks", "curtain", "stranger", "errand", "teller", "goodbye"})
"""Words that stood for something of ours, and are not even a good local name for it."""


def parts(name: str) -> set[str]:
    """`_look_for` and `LookFor` alike are look and for."""
    return set(re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().split("_"))


def named(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr
            case ast.Name(ctx=ast.Store()) if node.id.isupper():
                yield node.id


def test_a_name_is_taken_apart() -> None:
    assert parts("_look_for") == {"", "look", "for"} and parts("ForeignTold") == {"foreign", "told"}
    assert not parts("_rehearse") & NOT_OURS and not parts("lookback_s") & NOT_OURS


def found_in(directory: Path) -> list[str]:
    """The names there that have one of these words, each with its file."""
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted(directory.rglob("*.py"))
        if path != HERE
        for name in (path.stem, *named(ast.parse(path.read_text(encoding="utf-8"))))
        if parts(name) & NOT_OURS and not (name.startswith("test_") and name != path.stem)
    ]


def local_names(tree: ast.Module) -> Iterator[str]:
    """Those within functions, and their parameters."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_no_name_of_the_product_is_one_of_these() -> None:
    assert found_in(ROOT / "cockpit") == []


def test_no_name_of_the_tests_is_one_of_these() -> None:
    assert found_in(ROOT / "tests") == []


def test_not_even_a_local_name_is_one_that_was_given_up_whole() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for directory in ("cockpit", "tests")
        for path in sorted((ROOT / directory).rglob("*.py"))
        for name in local_names(ast.parse(path.read_text(encoding="utf-8")))
        if parts(name) & GIVEN_UP
    ]
    assert found == []
