"""Every feed by age, the worst first, with what it says of itself."""

from collections import Counter

from cockpit.domain.kinds import FeedState
from cockpit.tui.text import Line, left, right
from cockpit.tui.view import FEED_ROLES, UNKNOWN_LINE, View, badness, feed_text

NAME_CELLS, STATE_CELLS = 24, 11
ORDER = (FeedState.DOWN, FeedState.STALE, FeedState.LATE, FeedState.OFF, FeedState.FRESH)


def lines(view: View, cells: int, rows: int) -> list[Line]:
    """A count of each state, then a line a feed."""
    if view.snapshot is None:
        return [UNKNOWN_LINE]
    feeds = sorted(view.snapshot.feeds, key=badness, reverse=True)
    counts = Counter(feed.state for feed in feeds)
    told = tuple((f"{counts[state]} {state.value}  ", FEED_ROLES[state]) for state in ORDER if counts[state])
    name_cells = min(NAME_CELLS, max(10, cells - STATE_CELLS - 1))
    drawn: list[Line] = [told]
    for feed in feeds[: max(0, rows - 1)]:
        role = FEED_ROLES[feed.state]
        reason = feed.detail if feed.state is not FeedState.FRESH else ""
        drawn.append(
            (
                (left(feed.name, name_cells), "text" if role == "dim" else role),
                (right(feed_text(feed), STATE_CELLS), role),
                (f"  {reason}" if reason else "", role),
            )
        )
    return drawn
