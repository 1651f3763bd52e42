"""The page of keys in the docs, from the table of keys: `python -m cockpit.tui.keys_page > docs/keys.md`."""

import sys

from cockpit.tui import keys

ABOUT = """\
# Keys

Every key of the screen, by what it is for. `?` shows the same in the screen, and the palette (`Ctrl+P`) finds any of
them by name. Arrows, PgUp, PgDn, Home and End move; Tab goes to the next pane; Esc closes what is open.
"""
OWN = """\
## Keys of your own

The config's `screen.keys` takes an action and its keys, separated by commas; an empty text leaves it without one:

```json
"screen": {"keys": {"flatten": "f12,ctrl+x", "halt": "f5", "theme": ""}}
```

A keymap with an unknown action, one key for two actions, or no key for `flatten` is refused at the start. Keys marked
everywhere work from every focus, dialog and input; only function and ctrl keys can.
"""


def page() -> str:
    """The whole page, in Markdown."""
    parts = [ABOUT]
    for group in dict.fromkeys(action.group for action in keys.TABLE):
        rows = [_row(action) for action in keys.TABLE if action.group == group]
        parts.append("\n".join([f"## {group}", "", "| key | action | does |", "|---|---|---|", *rows, ""]))
    return "\n".join([*parts, OWN])


def _row(action: keys.KeyAction) -> str:
    shown = " or ".join(f"`{_written(key)}`" for key in action.keys)
    everywhere = " (everywhere)" if action.everywhere else " (over sheets and questions too)" if action.over else ""
    return f"| {shown} | {action.id} | {action.help}{everywhere} |"


def _written(key: str) -> str:
    """A key in prose: `Ctrl+X`, where the footer has room for `^X` only."""
    return keys.shown(key).replace("^", "Ctrl+", 1) if key.startswith("ctrl+") else keys.shown(key)


if __name__ == "__main__":
    sys.stdout.write(page())
