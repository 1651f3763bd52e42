"""Names of modules, types, functions, attributes and constants are the field's own words, as the glossary has them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "cockpit"
NOT_OURS = {"hear", "hears", "heard", "tell", "tells", "told", "say", "says", "said", "word", "words"} | {
    *("look", "looks", "looked", "desk", "room", "rooms", "stranger", "strangers"),
    *("curtain", "witness", "witnesses", "witnessed"),
}
"""Prose may have them; as names they say nothing that somebody would search for."""


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


def test_no_name_of_the_product_is_one_of_these() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for name in (path.stem, *named(ast.parse(path.read_text(encoding="utf-8"))))
        if parts(name) & NOT_OURS
    ]
    assert found == []
