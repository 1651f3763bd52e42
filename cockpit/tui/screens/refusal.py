"""What was refused, with every reason: one sentence that is too long for the news row."""

from cockpit.tui.text import LONGEST, Line, wrap
from cockpit.tui.view import View


def lines(sentence: str, _view: View, cells: int) -> list[Line]:
    """The sentence whole; what stands between semicolons on rows of its own."""
    drawn: list[Line] = []
    for part in sentence[:LONGEST].split("; "):
        drawn += [((f"{'  ' if number else ''}{row}", "text"),) for number, row in enumerate(wrap(part, cells - 2))]
    return drawn
