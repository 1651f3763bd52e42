"""Keys that change what is looked at, and nothing else: layout, rows of the ladder, candles, prints."""

from cockpit.tui.emergency import EmergencyActions
from cockpit.tui.panes import trades
from cockpit.tui.panes.gatelog import gist, setup_name
from cockpit.tui.text import clean


class PaneActions(EmergencyActions):
    """What is chosen is kept for the next screen of the profile."""

    def _do_layout(self) -> None:
        names = list(self.settings.layouts)
        name = names[(names.index(self.layout_name) + 1) % len(names)]
        self.layout_name = name
        self.panes.lay_out(self.settings.layouts[name])
        layout, size = self.settings.layouts[name], self.size
        is_too_large = layout is not None and (size.width < layout.columns or size.height < layout.rows)
        self.store.notify(f"layout {name}" + (": the default stands, it needs more room" if is_too_large else ""))
        self._keep_choices()
        self.redraw()

    def _do_copy(self) -> None:
        """To the clipboard of whoever sits at the terminal, over SSH too (OSC 52)."""
        text = self._line_to_copy()
        self.copy_to_clipboard(text)
        self.store.notify(f"copied: {text}" if text else "copy: nothing is there yet", "info" if text else "warn")
        self.redraw()

    def _line_to_copy(self) -> str:
        view, kept = self.view, self.pane_set.kept
        if self.panes.focused_pane == "trades" and (trade := kept.trades.selected(view)) is not None:
            return clean(trades.described(trade))
        if self.panes.focused_pane == "gate_log" and (chosen := kept.gate_log.selected(view)) is not None:
            return clean(f"{chosen.verdict_id} {setup_name(chosen)} {chosen.proposal.asset} {gist(view, chosen)}")
        return clean(self.store.news[-1].text) if self.store.news else ""

    def _do_map(self) -> None:
        kept = self.pane_set.kept.dom
        kept.overview = not kept.overview
        self._keep_choices()
        self.redraw()

    def _do_rows_wider(self) -> None:
        self.pane_set.kept.dom.zoom(self.asset, 1)
        self._keep_choices()
        self.redraw()

    def _do_rows_finer(self) -> None:
        self.pane_set.kept.dom.zoom(self.asset, -1)
        self._keep_choices()
        self.redraw()

    def _do_recentre(self) -> None:
        self.pane_set.kept.dom.recentre(self.asset)
        self.pane_set.forget()
        self.redraw()

    def _do_candles(self) -> None:
        self.pane_set.kept.chart.next_length()
        self._keep_choices()
        self.redraw()

    def _do_prints(self) -> None:
        self.pane_set.kept.tape.next_size()
        self._keep_choices()
        self.redraw()

    def _keep_choices(self) -> None:
        try:
            self.choices.keep(self.pane_set.kept, self.settings.layout, self.layout_name)
        except OSError as error:
            self.store.notify(f"not kept for the next screen: {error.strerror}", "warn")
