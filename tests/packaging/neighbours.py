"""Modules that one neighbour alone imports: `python -m tests.packaging.neighbours` counts them and names each.

A module that only one other of its room imports belongs into that one, unless it hides a hazard: then it stands in
`docs/modules.md` with the hazard. Not counted are packages and what is started (`__init__`, `__main__`, the command
line), and the rows of a table: what is picked by name, such as an exchange, a pane or a setup.
"""

import ast
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import NamedTuple

from cockpit.exchanges.registry import EXCHANGES

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "modules.md"
TABLES = {
    "cockpit.exchanges.registry": "exchanges",
    **{f"cockpit.exchanges.{name}.spec": f"parts of {name}" for name in EXCHANGES},
    "cockpit.feeds.roster": "sources of readings",
    "cockpit.gate.gate": "layers of the gate",
    "cockpit.setups.registry": "setups",
    "cockpit.api.app": "routes",
    "cockpit.tui.panes.table": "panes",
}
"""Modules whose imports are rows, and what of."""
NO_ROWS = {"cockpit.feeds.polled"}
"""What a table imports to work with its rows."""
STARTED = {"cockpit.cli"}
TEMPLATE = "_template"
"""What others are begun from runs nowhere itself."""


class Module(NamedTuple):
    """One file of the product, and who imports it."""

    name: str
    lines: int
    importers: frozenset[str]

    @property
    def lone_neighbour(self) -> str | None:
        """The only one that imports it, where that one is of the same room and no table; None for any other module."""
        if len(self.importers) != 1 or self.name in STARTED:
            return None
        (neighbour,) = self.importers
        is_row = neighbour in TABLES and self.name not in NO_ROWS
        return None if is_row or _package(neighbour) != _package(self.name) else neighbour


def modules(package: Path = ROOT / "cockpit") -> list[Module]:
    """Every module with those that import it, at the top, inside a function, or by a row that names it."""
    found = (path for path in sorted(package.rglob("*.py")) if TEMPLATE not in path.parts)
    paths = {_name(path, package.parent): path for path in found}
    importers: dict[str, set[str]] = defaultdict(set)
    texts = {name: path.read_text(encoding="utf-8") for name, path in paths.items()}
    for name, text in texts.items():
        for node in ast.walk(ast.parse(text)):
            for imported in (*_imported(node, paths), *_named(node, paths)):
                importers[imported].add(name)
    return [Module(name, text.count("\n"), frozenset(importers[name] - {name})) for name, text in texts.items()]


def lone(found: list[Module]) -> dict[str, str]:
    """Modules by name with their only neighbour."""
    return {module.name: one for module in found if (one := module.lone_neighbour) is not None}


def kept() -> dict[str, str]:
    """The modules that stay apart, with the hazard each hides, as the page lists them."""
    rows = (line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `"))
    return {cells[1].strip().strip("`"): cells[2].strip() for cells in rows}


def measured(found: list[Module]) -> str:
    """The counts in one line."""
    share = 100.0 * len(lone(found)) / len(found)
    lines = median(module.lines for module in found)
    return f"{len(found)} files, median {lines:g} lines, {len(lone(found))} with one neighbour ({share:.1f} %)"


def _name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _package(name: str) -> str:
    return ".".join(name.split(".")[:2])


def _imported(node: ast.AST, known: dict[str, Path]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name in known]
    if not isinstance(node, ast.ImportFrom) or node.module is None:
        return []
    inside = [f"{node.module}.{alias.name}" for alias in node.names]
    return [name if name in known else node.module for name in inside if name in known or node.module in known]


def _named(node: ast.AST, known: dict[str, Path]) -> list[str]:
    """A row may name its parts by text (`module:name`), to be imported when they are asked for."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return []
    module, colon, _ = node.value.partition(":")
    return [module] if colon and module in known else []


def main() -> None:
    """The counts, then every module with one neighbour: its lines, the neighbour, and the hazard it is kept for."""
    found = modules()
    hazards = kept()
    sys.stdout.write(measured(found) + "\n")
    lines = {module.name: module.lines for module in found}
    for name, neighbour in lone(found).items():
        sys.stdout.write(f"{name} ({lines[name]}) <- {neighbour} ({lines[neighbour]}): {hazards.get(name, '?')}\n")


if __name__ == "__main__":
    main()
