"""Keys that change what is looked at, and nothing else: layout, rows of the ladder, candles, prints."""

from cockpit.tui.emergency import EmergencyActions


class PaneActions(EmergencyActions):
    """What is chosen is kept for as long as the screen runs."""

    def _do_layout(self) -> None:
        names = list(self.settings.layouts)
        name = names[(names.index(self.layout_name) + 1) % len(names)]
        self.layout_name = name
        self.panes.lay_out(self.settings.layouts[name])
        layout, size = self.settings.layouts[name], self.size
        lacks_room = layout is not None and (size.width < layout.columns or size.height < layout.rows)
        self.store.notify(f"layout {name}" + (": the default stands, it needs more room" if lacks_room else ""))
        self.redraw()

    def _do_map(self) -> None:
        kept = self.pane_set.kept.dom
        kept.overview = not kept.overview
        self.redraw()

    def _do_rows_wider(self) -> None:
        self.pane_set.kept.dom.zoom(self.asset, 1)
        self.redraw()

    def _do_rows_finer(self) -> None:
        self.pane_set.kept.dom.zoom(self.asset, -1)
        self.redraw()

    def _do_recentre(self) -> None:
        self.pane_set.kept.dom.recentre(self.asset)
        self.pane_set.forget()
        self.redraw()

    def _do_candles(self) -> None:
        self.pane_set.kept.chart.next_length()
        self.redraw()

    def _do_prints(self) -> None:
        self.pane_set.kept.tape.next_size()
        self.redraw()
