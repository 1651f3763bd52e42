"""What an operator would have read: the screen's own store and panes, fed by the engine, every line kept."""

import re
from collections.abc import Iterable, Sequence

from cockpit.domain.actions import AnyAction, TradeChanged
from cockpit.domain.stream import LogFrame
from cockpit.engine.machine import Engine
from cockpit.engine.views import snapshot
from cockpit.tui.panes.trades import OpenTrades
from cockpit.tui.store import Store
from cockpit.tui.view import View

CELLS, ROWS = 120, 20


class Screen:
    """Lines of the log as they came, and with `draws` (which takes its time) of the trades pane after each change."""

    def __init__(self, draws: bool = True) -> None:
        self.draws = draws
        self.engine: Engine | None = None
        self.lines: dict[str, None] = {}
        self._store = Store()
        self._trades = OpenTrades()
        self._number = 0

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        told = len(self._store.news)
        for action in actions:
            self._number += 1
            self._store.take(LogFrame(self._number, action), 0.0)
        self._keep(news.text for news in list(self._store.news)[told:])
        self._store.news.clear()
        if self.draws and any(isinstance(action, TradeChanged) for action in actions):
            self.draw()

    def draw(self) -> None:
        """The trades pane, now."""
        if self.engine is not None:
            self._store.snapshot = snapshot(self.engine)
            lines = self._trades.lines(View(self._store), CELLS, ROWS, focused=False)
            self._keep("".join(text for text, _ in line) for line in lines)

    def saw(self, words: str) -> bool:
        """Whether a line had these words; `…` is anything."""
        pattern = re.compile(".*".join(re.escape(part) for part in words.split("…")), re.DOTALL)
        return any(pattern.search(line) for line in self.lines)

    def _keep(self, lines: Iterable[str]) -> None:
        self.lines.update(dict.fromkeys(lines))
