"""What the package imports is declared, what is declared is imported, and what is reached into is pinned exactly."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[2]
PROJECT_TABLE = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
DECLARED = {canonicalize_name(one.name): one for one in map(Requirement, PROJECT_TABLE["dependencies"])}
EXTRAS = {
    canonicalize_name(Requirement(text).name)
    for name, texts in PROJECT_TABLE["optional-dependencies"].items()
    if name not in ("test", "docs")
    for text in texts
}
REACHED_INTO = ("ccxt", "textual", "uvicorn")


def imported() -> set[str]:
    """The distributions that a module of the package imports."""
    roots = set()
    for path in (PROJECT / "cockpit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                roots.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Import):
                roots |= {alias.name.partition(".")[0] for alias in node.names}
    roots -= {"cockpit", *sys.stdlib_module_names}
    found = packages_distributions()
    return {canonicalize_name(name) for root in roots for name in found.get(root, [root])}


def test_everything_imported_is_declared() -> None:
    assert imported() - set(DECLARED) - EXTRAS == set()


def test_everything_declared_is_imported() -> None:
    assert set(DECLARED) - imported() == set()


@pytest.mark.parametrize("name", REACHED_INTO)
def test_what_is_reached_into_is_pinned_exactly(name: str) -> None:
    assert [spec.operator for spec in DECLARED[name].specifier] == ["=="]
