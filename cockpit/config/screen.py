"""How the screen looks and which keys it listens to. The engine reads none of it."""

from typing import Literal

from cockpit.config.base import Name, Section


class ScreenSection(Section):
    """`keys` names actions and their keys, as in `{"arm": "f5"}`; `ascii` draws frames and signs in ASCII.

    `flatten_presses` 1 makes the flatten key act at the first press. The screen checks the keys at its start.
    """

    theme: Literal["dark", "light", "colour-blind", "ansi"] = "dark"
    ascii: bool = False
    flatten_presses: Literal[1, 2] = 2
    keys: dict[Name, str] = {}
