"""Circles of imports: modules that cannot be read, or loaded, one after the other."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

Imports = Mapping[str, frozenset[str]]


def imports_of(package: Path) -> dict[str, frozenset[str]]:
    """What each module of a package imports of it, those within functions and those for type checking alone too."""
    root = package.parent
    files = {_name(path.relative_to(root)): path for path in package.rglob("*.py")}
    return {name: frozenset(_imported(name, path, files)) for name, path in files.items()}


def circles(imports: Imports) -> list[list[str]]:
    """The largest sets of modules of which each imports, by others or at once, each other; largest first."""
    reached = {name: _reached(name, imports) for name in imports}
    tied = [name for name in imports if name in reached[name]]
    found = {frozenset(other for other in reached[name] if name in reached[other]) for name in tied}
    return sorted((sorted(circle) for circle in found), key=lambda circle: (-len(circle), circle))


def _reached(name: str, imports: Imports) -> set[str]:
    reached: set[str] = set()
    left = [*imports[name]]
    while left:
        one = left.pop()
        if one not in reached:
            reached.add(one)
            left += imports[one]
    return reached


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(name: str, path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [
                within if (within := f"{node.module}.{alias.name}") in files else node.module for alias in node.names
            ]
        yield from (one for one in names if one in files and one != name)
