"""`--arm`: setups may trade from the start, which in a real mode is once its venues are open."""

import logging
from collections.abc import Callable, Sequence

from cockpit.domain.actions import AnyAction, CommandAnswered
from cockpit.domain.commands import Arm
from cockpit.domain.kinds import Mode
from cockpit.runtime.host import Host
from cockpit.runtime.mode_gate import AT_START

LOG = logging.getLogger("cockpit.engine")
VENUES_WITHIN_S = 120.0
"""A venue that answers 429 is asked every half minute; after that arming is an operator's again."""
TAKES_IT_BACK = frozenset({"arm", "disarm", "halt", "flatten", "set_mode"})
"""Whoever has said one of these since the start has decided for himself."""


class ArmAtStart:
    """Arms once, as if an operator had; the engine's answer is told like any other's."""

    def __init__(self, host: Host, say: Callable[[str], None]) -> None:
        self._host = host
        self._say = say
        self._taken_back_by = ""

    async def begin(self) -> None:
        """At once on paper; else by a worker of its own that waits for the venues."""
        if self._host.mode is Mode.PAPER or self._host.gate is None or not self._host.gate.waits_for():
            await self._arm()
            return
        self._host.listen(self._on_actions)
        self._host.supervisor.start("arming at the start", self._arm_when_open)

    async def _arm_when_open(self) -> None:
        gate = self._host.gate
        assert gate is not None
        self._tell(f"arming waits for {', '.join(gate.waits_for())}, for up to {VENUES_WITHIN_S:g} s")
        await gate.until_open(VENUES_WITHIN_S)
        if self._taken_back_by:
            self._tell(f"not armed at the start: {self._taken_back_by} was said meanwhile")
            return
        await self._arm()

    async def _arm(self) -> None:
        await self._host.command(lambda now_ns, command_id: Arm(now_ns, command_id, AT_START))

    def _on_actions(self, actions: Sequence[AnyAction]) -> None:
        for action in actions:
            if isinstance(action, CommandAnswered) and action.command in TAKES_IT_BACK and action.by != AT_START:
                self._taken_back_by = self._taken_back_by or f"{action.command} by {action.by}"

    def _tell(self, sentence: str) -> None:
        self._say(sentence)
        LOG.info("%s", sentence)
