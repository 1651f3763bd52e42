"""What the flatten key does: ask the engine, and where it does not answer take the direct road."""

import asyncio
import logging

from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.domain.kinds import EngineState
from cockpit.tui.app_base import CockpitBase
from cockpit.tui.flatten import SHELL_ROAD, Outcome, Stage

LOG = logging.getLogger("cockpit.screen")
ENGINE_ANSWERS_WITHIN_S = 2.0
"""An engine that takes longer to say that it heard is taken for dead; the direct road tries it once more."""

DRAWN_AFTER_S = 0.02
"""Drawing takes longer than asking: the engine is asked first."""


class EmergencyActions(CockpitBase):
    """The flatten key, for the self. It returns at once; everything else happens in a task of its own."""

    def _do_flatten(self) -> None:
        while len(self.screen_stack) > 1:  # an emergency is not asked for behind a question
            self.pop_screen()
        if self.flow.press(self.clock()):
            now = self.store.snapshot
            if now is None or now.state is not EngineState.FLATTENING:
                self.store.flatten_steps = []
            self.in_background(self._flatten, "flatten")
            self.set_timer(DRAWN_AFTER_S, self.redraw)
            return
        if self.flow.stage is Stage.DIRECT:
            self.store.notify("flatten: the direct road is being taken already", "warn")
        self.redraw()

    async def _flatten(self) -> None:
        try:
            self.store.notify(f"flatten: {await self._ask_engine()}")
        except EngineRefused as refused:
            self._flatten_failed(str(refused))
        except EngineUnreachable as unreachable:
            await self._flatten_directly(str(unreachable))
        self.redraw()

    async def _ask_engine(self) -> str:
        """What the engine says to it. Raises `EngineUnreachable` at once where the link is known to be gone."""
        lost_s = self.view.lost_s
        if self.link is None or lost_s is not None:
            raise EngineUnreachable(f"no engine answers{f': {why}' if (why := self.store.link.detail) else ''}")
        try:
            async with asyncio.timeout(ENGINE_ANSWERS_WITHIN_S):
                return await self.link.flatten("the flatten key")
        except TimeoutError:
            within = f"{ENGINE_ANSWERS_WITHIN_S:g} s"
            raise EngineUnreachable(f"expected the engine to answer within {within}, was silent") from None

    async def _flatten_directly(self, why: str) -> None:
        """Step by step past the link, to the last word. Only FLAT is flat: a road that breaks off is not."""
        road = self.direct_flatten
        if road is None:
            self._flatten_failed(f"{why}; {SHELL_ROAD}")
            return
        self.store.notify(f"flatten: {why}: taking the direct road", "bad")
        self.flow.direct(why)
        self.redraw()
        outcome = Outcome.NOT_FLAT
        try:
            async for told in road():
                if isinstance(told, Outcome):
                    outcome = told
                else:
                    self._direct_step(told)
        except Exception as error:
            LOG.exception("the direct road broke off")
            self._direct_step(f"the direct road broke off: {type(error).__name__}: {error}; {SHELL_ROAD}")
        self.flow.direct_ended(outcome, self.clock())
        self.store.notify(f"flatten by the direct road: {outcome}", "good" if outcome is Outcome.FLAT else "bad")

    def _direct_step(self, text: str) -> None:
        self.flow.direct_step(text, self.clock())
        self.store.notify(f"direct flatten: {text}")
        self.redraw()

    def _flatten_failed(self, sentence: str) -> None:
        self.store.notify(f"flatten: {sentence}", "bad")
        self.flow.failed(sentence)
