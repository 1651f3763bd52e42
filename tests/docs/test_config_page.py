"""The config's page is the generated one, and it has every key that a config file may hold."""

import json
from typing import Any

from cockpit.config.model import CockpitConfig
from tests.docs.config_reference import keys, reference
from tests.docs.pages import SHIPPED_CONFIG, page


def without_readers(text: str) -> str:
    """The page but for its last column: which rooms read a key follows every change of the code."""
    return "\n".join(line.rpartition(" | ")[0] if line.startswith("| `") else line for line in text.splitlines())


def test_the_page_is_the_generated_one() -> None:
    written, made = without_readers(page("config.md")), without_readers(reference())
    assert written == made, "python -m tests.docs.config_reference > docs/config.md"


def leaves(value: Any, path: str = "") -> list[str]:
    if not isinstance(value, dict):
        return [path]
    return [leaf for name, part in value.items() if name != "//" for leaf in leaves(part, f"{path}.{name}".lstrip("."))]


def test_every_key_of_the_shipped_file_has_its_row() -> None:
    known = {key.path.partition(".")[0].partition(" ")[0].partition("[")[0] for key in keys(CockpitConfig)}
    last = {key.path.rpartition(".")[2].partition(" ")[0].partition("[")[0] for key in keys(CockpitConfig)}
    free = {"//"}
    for leaf in leaves(json.loads(SHIPPED_CONFIG.read_text())):
        parts = leaf.split(".")
        assert parts[0] in known, leaf
        assert parts[-1] in last or len(parts) > 2 or parts[-1] in free, leaf
