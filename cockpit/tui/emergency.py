"""What the flatten key does: ask the engine, and where it does not answer take the direct road."""

import asyncio
import logging
from typing import TYPE_CHECKING, cast

from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.domain.kinds import EngineState
from cockpit.tui.flatten import SHELL_ROAD, Outcome, Stage

if TYPE_CHECKING:
    from cockpit.tui.app import CockpitApp

LOG = logging.getLogger("cockpit.screen")
ENGINE_ANSWERS_WITHIN_S = 2.0
"""An engine that takes longer to say that it heard is taken for dead; the direct road tries it once more."""


class EmergencyActions:
    """The flatten key, for the app. It returns at once; everything else happens in a task of its own."""

    def _do_flatten(self) -> None:
        app = cast("CockpitApp", self)
        while len(app.screen_stack) > 1:  # an emergency is not asked for behind a question
            app.pop_screen()
        if app.flow.press(app.clock()):
            now = app.store.snapshot
            if now is None or now.state is not EngineState.FLATTENING:
                app.store.flatten_steps = []
            app.run_worker(self._flatten(), name="flatten", group="flatten", exit_on_error=False)
        elif app.flow.stage is Stage.DIRECT:
            app.store.notify("flatten: the direct road is being taken already", "warn")
        app.redraw()

    async def _flatten(self) -> None:
        app = cast("CockpitApp", self)
        try:
            app.store.notify(f"flatten: {await self._ask_engine()}")
        except EngineRefused as refused:
            self._flatten_failed(str(refused))
        except EngineUnreachable as unreachable:
            await self._flatten_directly(str(unreachable))
        app.redraw()

    async def _ask_engine(self) -> str:
        """What the engine says to it. Raises `EngineUnreachable` at once where the link is known to be gone."""
        app = cast("CockpitApp", self)
        lost_s = app.view.lost_s
        if app.link is None or lost_s is not None:
            raise EngineUnreachable(f"no engine answers{f': {why}' if (why := app.store.link.detail) else ''}")
        try:
            async with asyncio.timeout(ENGINE_ANSWERS_WITHIN_S):
                return await app.link.flatten("the flatten key")
        except TimeoutError:
            within = f"{ENGINE_ANSWERS_WITHIN_S:g} s"
            raise EngineUnreachable(f"expected the engine to answer within {within}, was silent") from None

    async def _flatten_directly(self, why: str) -> None:
        """Step by step past the link, to the last word. Only FLAT is flat: a road that breaks off is not."""
        app = cast("CockpitApp", self)
        road = app.direct_flatten
        if road is None:
            self._flatten_failed(f"{why}; {SHELL_ROAD}")
            return
        app.store.notify(f"flatten: {why}: taking the direct road", "bad")
        app.flow.direct(why)
        app.redraw()
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
        app.flow.direct_ended(outcome, app.clock())
        app.store.notify(f"flatten by the direct road: {outcome}", "good" if outcome is Outcome.FLAT else "bad")

    def _direct_step(self, text: str) -> None:
        app = cast("CockpitApp", self)
        app.flow.direct_step(text, app.clock())
        app.store.notify(f"direct flatten: {text}")
        app.redraw()

    def _flatten_failed(self, sentence: str) -> None:
        app = cast("CockpitApp", self)
        app.store.notify(f"flatten: {sentence}", "bad")
        app.flow.failed(sentence)
