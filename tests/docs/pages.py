"""The pages of docs/ and what their fenced blocks hold."""

import re
from pathlib import Path
from typing import NamedTuple

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DOCS = PROJECT_ROOT / "docs"
SHIPPED_CONFIG = PROJECT_ROOT / "config" / "tactical_scalp_config.json"
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language, its text, and the heading it stands under."""

    language: str
    text: str
    heading: str


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[Block]:
    found = []
    for match in _FENCE.finditer(text):
        headings = re.findall(r"^#+ (.+)$", text[: match.start()], re.MULTILINE)
        if match[1] == language:
            found.append(Block(match[1], match[2], headings[-1] if headings else ""))
    return found
