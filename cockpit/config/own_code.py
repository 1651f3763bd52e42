"""Setups and feeds of the operator's own: a Python file beside the config, named after its kind.

A config entry of kind `dip_buyer` under `setups` is the file `setups/dip_buyer.py` beside the config file, one under
`own_feeds` is `feeds/dip_buyer.py` there. The file holds a class `Rules`: the entry's keys. Nothing is loaded from
anywhere else, and nothing for a kind that the config does not name.
"""

import importlib.util
import re
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from cockpit.config.base import Section
from cockpit.config.own_kinds import FINDER, OWN_MODULE
from cockpit.config.ownership import against_running

KIND = re.compile(r"[a-z][a-z0-9_]{0,60}")


def own_code(beside: Path | None) -> dict[str, Any]:
    """The validation context in which own kinds are found in the directories beside a config; none without one."""
    if beside is None:
        return {}

    def find(folder: str, base: type[Section], kind: str) -> type[Section] | None:
        return own_rules(base, beside / folder, kind)

    return {FINDER: find}


def own_rules(base: type[Section], folder: Path, kind: str) -> type[Section] | None:
    """The `Rules` of the file of that kind, None where there is no such file.

    Raises `ValueError` whose text says what was wrong with the file: the config is refused with it.
    """
    path = folder / f"{kind}.py"
    if not KIND.fullmatch(kind) or not path.is_file():
        return None
    against = against_running(path.resolve())
    if against:
        raise ValueError(against)
    rules = getattr(_loaded(path.resolve()), "Rules", None)
    if not (isinstance(rules, type) and issubclass(rules, base)):
        raise ValueError(f"expected a class Rules({base.__name__}) in {path}, was {rules!r}")
    return rules


@cache
def _loaded(path: Path) -> ModuleType:
    """The file as a module, run once a process. Whatever its own code raises is told in one line."""
    name = f"{OWN_MODULE}{path.parent.name}_{path.stem}_{sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"expected Python in {path}, was no source file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ValueError(f"expected {path} to load, was {type(error).__name__}: {error}") from error
    return module
