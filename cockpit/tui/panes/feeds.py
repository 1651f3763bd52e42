"""Every feed with its age: those that fail first, the worst before the others, with what they say of themselves."""

from collections import Counter

from cockpit.domain.kinds import FeedState
from cockpit.domain.snapshot import FeedView
from cockpit.tui.numbers import lasting
from cockpit.tui.text import Line, in_columns, left, right
from cockpit.tui.view import FEED_ROLES, UNKNOWN_LINE, View, badness, feed_text

NAME_CELLS, STATE_CELLS = 24, 11
LONGEST_NAME, AGE_CELLS, LIMIT_CELLS, BOTH_CELLS = 21, 7, 9, 34
COLUMN_CELLS = LONGEST_NAME + AGE_CELLS + 1
ORDER = (FeedState.DOWN, FeedState.STALE, FeedState.LATE, FeedState.OFF, FeedState.FRESH)


def lines(view: View, cells: int, rows: int) -> list[Line]:
    """A count of each state, then a line a feed. Fresh ones keep their places."""
    if view.snapshot is None:
        return [UNKNOWN_LINE]
    feeds = view.snapshot.feeds
    counts = Counter(feed.state for feed in feeds)
    told = tuple((f"{counts[state]} {state.value}  ", FEED_ROLES[state]) for state in ORDER if counts[state])
    failing = sorted((feed for feed in feeds if feed.state is not FeedState.FRESH), key=badness, reverse=True)
    drawn = [told, *(_line(feed, cells) for feed in failing), *_without_past(view)][:rows]
    fresh = [feed for feed in feeds if feed.state is FeedState.FRESH]
    left_rows = rows - len(drawn)
    if left_rows <= 0:
        return drawn
    columns = max(1, min((cells + 2) // (COLUMN_CELLS + 2), -(-len(fresh) // left_rows)))
    each = (cells + 2) // columns - 2
    return [*drawn, *in_columns([_line(feed, each) for feed in fresh], cells, left_rows, each)]


def _without_past(view: View) -> list[Line]:
    """The charts that begin at the start, and why: nothing else depends on it."""
    missing = ((asset, view.store.details[asset].past_missing) for asset in sorted(view.store.details))
    return [((f"{asset} chart begins at the start: {why}", "dim"),) for asset, why in missing if why]


def _line(feed: FeedView, cells: int) -> Line:
    """Its age; the reason of one that fails. Of a fresh one at which age it is late."""
    role = FEED_ROLES[feed.state]
    if feed.state is FeedState.FRESH:
        limit = f" of {lasting(feed.warn_after_s)}" if cells >= COLUMN_CELLS + LIMIT_CELLS else ""
        if cells >= COLUMN_CELLS + BOTH_CELLS:
            limit += f", stands down at {lasting(feed.stand_down_after_s)}"
        name_cells = min(NAME_CELLS, max(10, cells - AGE_CELLS - 1))
        return ((left(feed.name, name_cells), "text"), (right(feed_text(feed), AGE_CELLS), role), (limit, "faint"))
    name_cells = min(NAME_CELLS, max(10, cells - STATE_CELLS - 1))
    return (
        (left(feed.name, name_cells), "text" if role == "dim" else role),
        (right(feed_text(feed), STATE_CELLS), role),
        (f"  {feed.detail}" if feed.detail else "", role),
    )
