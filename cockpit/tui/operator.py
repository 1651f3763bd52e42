"""What each key does. Every action returns at once: it opens a question, or starts a task that talks to the engine."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from textual import on

from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.client.link import REAL_HOLDS_S, EngineLink
from cockpit.domain.kinds import Mode
from cockpit.domain.numbers import counted
from cockpit.domain.snapshot import Snapshot
from cockpit.tui import ceremony, keys, numbers, palette, replaying
from cockpit.tui.flatten import SHELL_ROAD
from cockpit.tui.messages import AlertDismissed, PointTicked, PressedOver
from cockpit.tui.pane_actions import PaneActions
from cockpit.tui.panes.table import BY_ACTION
from cockpit.tui.screens import events, history, sources, verdict
from cockpit.tui.screens.checklist import ChecklistSheet
from cockpit.tui.screens.choose import Choice, Choose
from cockpit.tui.screens.find import Find, help_lines
from cockpit.tui.screens.sheet import Content, Sheet
from cockpit.tui.view import HALT_REASON

LOG = logging.getLogger("cockpit.screen")
SCORES_EVERY_S = 5.0
SHELL_START = "in a shell: cockpit engine"
NEWS_CELLS = 36
"""What the news row needs beside a sentence: times, and the market's kind. A longer refusal is opened to be read."""


class OperatorActions(PaneActions):
    """The actions of the table of keys, for the self."""

    def action_do(self, action_id: str) -> None:
        """One action of the table, whether by key or by palette."""
        if action_id in BY_ACTION:
            self.panes.focus_pane(BY_ACTION[action_id])
        else:
            getattr(self, f"_do_{action_id}")()

    @on(AlertDismissed)
    def alert_dismissed(self) -> None:
        """Esc: what was read goes; what is under way stays. A zoomed pane gives the others their room back."""
        self.flow.dismiss()
        if self.panes.zoomed:
            self.panes.zoom()
        self.redraw()

    @on(PressedOver)
    def pressed_over(self, pressed: PressedOver) -> None:
        """A key for what lies under what is open: halt, disarm and save work there, arming does not."""
        bound, now = self.settings.keys, self.store.snapshot
        action = keys.meant_over(bound, pressed.key)
        if action is None and now is not None and now.armed:
            action = "disarm"
        if action is not None:
            self.action_do(action)
        else:
            self.store.notify("arm: close what is open first", "warn")
            self.redraw()

    # The engine.

    def _do_arm(self) -> None:
        now = self.store.snapshot
        if now is None:
            self.store.notify("not armed: nothing is known of the engine yet", "bad")
        elif now.armed:
            self._send("disarm", lambda: self._link().disarm())
        elif now.mode is Mode.PAPER:
            self._send("arm", lambda: self._link().arm())
        else:
            self.open(ceremony.arm(self.view, now.mode, self.appearance, self._ticked), self._arm_answered)

    def _do_disarm(self) -> None:
        self._send("disarm", lambda: self._link().disarm())

    def _arm_answered(self, word: str | None) -> None:
        if word is not None:
            self._send("arm", lambda: self._link().arm(REAL_HOLDS_S))

    def _do_halt(self) -> None:
        self._send("halt", lambda: self._link().halt(HALT_REASON))

    def _do_resume(self) -> None:
        now = self.store.snapshot
        if now is not None and now.halt is None:
            self.store.notify(f"resume: nothing is halted, the engine is {now.state.value.replace('_', ' ')}", "warn")
            self.redraw()
            return
        self.open(ceremony.resume(self.view, self.appearance), self._resume_answered)

    def _resume_answered(self, reason: str | None) -> None:
        if reason:
            self._send("resume", lambda: self._link().resume(reason))

    def _do_mode_paper(self) -> None:
        self._send("mode paper", lambda: self._link().set_mode(Mode.PAPER))

    def _do_mode_test(self) -> None:
        self._ask_mode(Mode.TEST)

    def _do_mode_live(self) -> None:
        self._ask_mode(Mode.LIVE)

    def _ask_mode(self, mode: Mode) -> None:
        self.open(ceremony.mode(self.view, mode, self.appearance, self._ticked), partial(self._mode_answered, mode))

    def _mode_answered(self, mode: Mode, answer: str | None) -> None:
        if answer is not None:
            reason = ceremony.override_reason(answer)
            self._send(f"mode {mode}", lambda: self._link().set_mode(mode, reason))

    def _do_bands(self) -> None:
        asset = self.view.chosen
        if asset is None or asset.proposed_bands is None:
            self.store.notify(f"bands: nothing is proposed for {self.asset} now", "warn")
            self.redraw()
            return
        question = ceremony.bands(asset, asset.proposed_bands, self.appearance)
        self.open(question, partial(self._bands_answered, asset.asset, asset.proposed_bands.proposal_id))

    def _bands_answered(self, asset: str, proposal_id: str, answer: str | None) -> None:
        if answer == ceremony.ACCEPT:
            self._send("bands", lambda: self._link().accept_bands(asset, proposal_id))

    def _send(self, what: str, call: Callable[[], Awaitable[str]]) -> None:
        """Start talking to the engine, and return: the next key is not kept waiting."""
        self.in_background(partial(self._sent, what, call), "commands", what)

    async def _sent(self, what: str, call: Callable[[], Awaitable[str]]) -> None:
        try:
            self.store.notify(f"{what}: {await call()}")
        except (EngineRefused, EngineUnreachable) as error:
            self.refused(what, str(error))
        self.redraw()

    def refused(self, what: str, why: str) -> None:
        """Say it, in a sheet of its own where it is longer than the row of the news."""
        self.store.notify(f"{what}: {why}", "bad")
        if len(what) + len(why) > self.size.width - NEWS_CELLS:
            self._open(f"{what}: refused", partial(events.refusal_lines, why), fits=True, ages=False)

    def _link(self) -> EngineLink:
        link = self.link
        if link is None:
            raise EngineUnreachable(f"no engine answers yet; {SHELL_ROAD}")
        return link

    # A recording.

    def _do_replay_pause(self) -> None:
        self._replay("pause")

    def _do_replay_step(self) -> None:
        self._replay("step")

    def _do_replay_verdict(self) -> None:
        self._replay("verdict")

    def _do_replay_slower(self) -> None:
        self._replay("slower")

    def _do_replay_faster(self) -> None:
        self._replay("faster")

    def _replay(self, key: str) -> None:
        """Only a recording's time can be held: on any other market the key says so and asks nothing."""
        process = self.store.process
        if process is None or not process.replay:
            self.store.notify(
                f"{key}: expected a recording, was {process.feed if process else 'no engine yet'}", "warn"
            )
            self.redraw()
            return
        action, speed = replaying.asked(key, process)
        self._send("replay", lambda: self._link().replay(action, speed))

    # Panes.

    def _do_zoom(self) -> None:
        self.panes.zoom()

    def _do_asset(self) -> None:
        now = self.store.snapshot
        names = [asset.asset for asset in now.assets] if now else []
        if names:
            place = names.index(self.asset) if self.asset in names else -1
            self.asset = names[(place + 1) % len(names)]
            self.redraw()

    def _do_pause(self) -> None:
        pane = self.panes.focused_pane
        self.pane_set.hold(pane or "gate_log", self.view)
        self.redraw()

    def _do_filter(self) -> None:
        self.open(ceremony.filter_log(self.pane_set.gate_log.filter, self.appearance), self._filter_answered)

    def _filter_answered(self, text: str | None) -> None:
        if text is not None:
            self.pane_set.gate_log.filter = text
            self.redraw()

    def _do_detail(self) -> None:
        chosen = self.pane_set.gate_log.selected(self.view)
        if chosen is not None:
            self._open("Verdict", partial(verdict.lines, chosen))

    # Screens.

    def _do_checklist(self) -> None:
        self.ticks.read()
        self.open(ChecklistSheet(lambda: self.view, self.appearance, lambda: self._ticked))

    @property
    def _ticked(self) -> frozenset[str]:
        return self.ticks.of(self._day)

    @property
    def _day(self) -> str:
        """The engine's UTC day, by which it counts its limits too."""
        now = self.store.snapshot
        return numbers.day(now.ts_ns) if now is not None else ""

    @on(PointTicked)
    def point_ticked(self, ticked: PointTicked) -> None:
        """Keep it for the day, and show it."""
        try:
            self.ticks.toggle(self._day, ticked.point)
        except OSError as error:
            self.store.notify(f"ticked on this screen only: {error}", "warn")
        self.redraw()

    def _do_history(self) -> None:
        self._open("Closed trades", history.lines)

    def _do_sources(self) -> None:
        """Open it, and ask for the scores as long as it is open."""
        asking = self.in_background(self._ask_scores, "scores", exclusive=True)
        sheet = Sheet("Sources of signals", sources.lines, lambda: self.view, self.appearance)
        self.open(sheet, lambda _: asking.cancel())

    async def _ask_scores(self) -> None:
        while True:
            try:
                self.store.take_scores(await self._link().source_scores(), "the engine cannot read its journal now")
            except (EngineRefused, EngineUnreachable) as error:
                self.store.take_scores(None, str(error))
            self.redraw()
            await asyncio.sleep(SCORES_EVERY_S)

    def _do_events(self) -> None:
        self._open("What the engine said", events.lines)

    def _do_help(self) -> None:
        self._open("Keys", partial(help_lines, dict(self.settings.keys)), ages=False)

    def _open(self, title: str, content: Content, *, fits: bool = False, ages: bool = True) -> None:
        self.open(Sheet(title, content, lambda: self.view, self.appearance, fits=fits, ages=ages))

    def _do_theme(self) -> None:
        names = [palette.MONO] if not self.settings.colour else list(palette.THEMES)
        current = names.index(self.appearance.theme) if self.appearance.theme in names else -1
        self.restyle(self.appearance._replace(theme=names[(current + 1) % len(names)]))
        self.redraw()

    def _do_save(self) -> None:
        name = f"cockpit-{datetime.now(UTC):%Y%m%dT%H%M%S}.svg"
        try:
            path = self.save_screenshot(name, path=str(Path(self.settings.save_to)))
        except OSError as error:
            self.store.notify(f"the screen was not saved: {error}", "bad")
        else:
            self.store.notify(f"saved {path}")
        self.redraw()

    def _do_palette(self) -> None:
        if len(self.screen_stack) < 2:
            self.open(Find(self.settings.keys, self.appearance), self._found)

    def _found(self, action_id: str | None) -> None:
        if action_id is not None:
            self.action_do(action_id)

    # Leaving.

    def _do_start(self) -> None:
        """Start the engine that was here again, where it is gone; one that lives is left alone."""
        now, process = self.store.snapshot, self.store.process
        if self.view.lost_s is None:
            self.store.notify("start: the engine is there", "warn")
        elif self.restart is None or now is None or process is None:
            self.store.notify(f"start: there is none to start from here; {SHELL_START}", "bad")
        else:
            self.store.notify("starting the engine again")
            started = partial(self._started, partial(self.restart, process, now.mode))
            self.in_background(started, "start", exclusive=True)
        self.redraw()

    async def _started(self, restart: Callable[[], str]) -> None:
        try:
            self.store.notify(f"start: {await asyncio.to_thread(restart)}")
        except Exception as error:
            LOG.exception("the engine could not be started again")
            self.store.notify(f"start: {error}", "bad")
        self.redraw()

    def _do_detach(self) -> None:
        self.exit("detach")

    def _do_quit(self) -> None:
        now = self.store.snapshot
        if now is None or self.store.link.connected is False:
            self.exit("detach")
            return
        count = len(now.open_trades)
        choices = [Choice("d", "detach", "detach: the engine goes on, with its trades, stops and setups")]
        if count:
            choices.append(Choice("s", "leave_stops", f"stop the engine: {_stops_left(now)}"))
            choices.append(Choice("f", "flatten", "flatten, then stop the engine"))
        else:
            choices.append(Choice("s", "stop", "stop the engine: no trade is open"))
        state = f"{now.mode.value} mode, {now.state.value.replace('_', ' ')}, open trades: {count}"
        self.open(Choose("Leave", [((state, "strong"),)], choices, self.appearance), self._quit_answered)

    def _quit_answered(self, answer: str | None) -> None:
        if answer == "detach":
            self.exit("detach")
        elif answer is not None:
            flatten, leave = answer == "flatten", answer == "leave_stops"
            self._send("stop", partial(self._stop_engine, flatten, leave))

    async def _stop_engine(self, flatten: bool, leave_stops: bool) -> str:
        sentence = await self._link().stop(flatten=flatten, leave_stops=leave_stops)
        self.exit("stopped")
        return sentence


def _stops_left(now: Snapshot) -> str:
    """What guards the open trades once the engine has ended."""
    if now.mode is Mode.PAPER:
        return "paper stops do not work until it starts again"
    resting = sum(shown.trade.stop_rests_on_venue for shown in now.open_trades)
    return f"{resting} of {counted(len(now.open_trades), 'open trade')} with a stop on the venue"
