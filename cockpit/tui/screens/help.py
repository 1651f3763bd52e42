"""Every key, from the table of keys."""

from cockpit.tui import keys
from cockpit.tui.text import Line, wrap
from cockpit.tui.view import View

KEY_CELLS = 14
ABOUT = (
    "The engine is another process: closing this screen, losing the link or the terminal changes nothing out there. "
    "Numbers show their age when they are not fresh, ? is unknown, and grey is no longer known to be true.",
    "Long and short, yes and no, good and bad always have a word or a sign beside the colour.",
)


def lines(bound: dict[str, tuple[str, ...]], _view: View, cells: int) -> list[Line]:
    """The keys by group."""
    drawn: list[Line] = []
    for group in dict.fromkeys(action.group for action in keys.TABLE):
        drawn.append(((group, "info"),))
        for action in (action for action in keys.TABLE if action.group == group):
            shown = " ".join(keys.shown(key) for key in bound[action.id]) or "(no key)"
            rows = list(wrap(action.help, cells - KEY_CELLS - 2))
            drawn.append(((f"  {shown:<{KEY_CELLS - 2}}", "key"), (f"  {rows[0]}", "text")))
            drawn += [((" " * (KEY_CELLS + 2), "text"), (row, "text")) for row in rows[1:]]
        drawn.append(())
    drawn.append((("  arrows, PgUp, PgDn, Home, End move; Tab goes to the next pane; Esc closes", "dim"),))
    for text in ABOUT:
        drawn += [(), *(((row, "dim"),) for row in wrap(text, cells))]
    return drawn
