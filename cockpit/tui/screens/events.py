"""What the engine said that is no verdict: states, modes, answers, trades, notices; and how its process does."""

from cockpit.tui import numbers
from cockpit.tui.text import LONGEST, Line, wrap
from cockpit.tui.view import View

# What was refused, with every reason: one sentence that is too long for the news row.


def refusal_lines(sentence: str, _view: View, cells: int) -> list[Line]:
    """The sentence whole; what stands between semicolons on rows of its own."""
    drawn: list[Line] = []
    for part in sentence[:LONGEST].split("; "):
        drawn += [((f"{'  ' if number else ''}{row}", "text"),) for number, row in enumerate(wrap(part, cells - 2))]
    return drawn


def lines(view: View, cells: int) -> list[Line]:
    """The process first, then the log, newest first."""
    drawn = [*_process(view), ()]
    for news in reversed(view.store.news):
        rows = list(wrap(news.text, cells - 10)) or [""]
        time = numbers.clock(news.ts_ns) if news.ts_ns else " " * 8
        drawn.append(((f"{time}  ", "dim"), (rows[0], news.role)))
        drawn += [((" " * 10, "dim"), (row, news.role)) for row in rows[1:]]
    return drawn


def _process(view: View) -> list[Line]:
    process = view.store.process
    if process is None:
        return [(("no engine yet", "dim"),)]
    p99 = f"{process.tick_to_verdict_p99_ms:.2f} ms" if process.tick_to_verdict_p99_ms is not None else numbers.UNKNOWN
    drawn: list[Line] = [
        (("engine ", "dim"), (f"{process.version} pid {process.pid} up {numbers.lasting(process.uptime_s)}", "text"),
         ("  feed ", "dim"), (f"{process.feed} x{process.speed:g}", "text"), ("  ", "dim"), (process.url, "dim")),
        (("queue ", "dim"), (str(process.queue_length), "text"), ("  tick to verdict p99 ", "dim"), (p99, "text"),
         ("  stalls ", "dim"), (str(process.stalls_total), "text"), ("  faults ", "dim"),
         (str(process.faults), "bad" if process.faults else "text")),
    ]  # fmt: skip
    for task in process.tasks:
        role = "text" if task.state == "running" else "warn"
        drawn.append(
            ((f"  {task.name:<12} {task.state} {numbers.lasting(task.since_s)}", role), (f"  {task.detail}", "dim"))
        )
    return drawn
