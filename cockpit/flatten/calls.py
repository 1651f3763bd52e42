"""A flatten's calls to its venue and its words about them: no call raises, nothing is said over and over."""

from collections.abc import Awaitable
from typing import NamedTuple, TypeVar

from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.account import Ambiguous, KeysLost, NotSent, VenueFailure
from cockpit.exchanges.base.timing import Timing, within
from cockpit.flatten.steps import FlattenStep, OnStep, StepName

AGAIN_AFTER_NS = 10 * NS_PER_S
"""The same trouble is said again after so long."""
LONGEST_WAIT_S = 5.0
"""A venue that asks for more is asked again all the same: nobody waits an hour with a position open."""

Answer = TypeVar("Answer")


class LastReport(NamedTuple):
    """The last thing said of one matter."""

    sentence: str
    at_ns: int


class FlattenCalls:
    """Asks, and says what goes wrong. `wait_s` is what the venue asked for since the round began."""

    def __init__(self, venue: str, notify: OnStep, timing: Timing, within_s: float) -> None:
        self.wait_s = 0.0
        self.failed = 0
        self.keys_refused_in_a_row = 0
        self._venue = venue
        self._notify = notify
        self._timing = timing
        self._within_s = within_s
        self._began_ns = timing.clock()
        self._reported: dict[str, LastReport] = {}

    def begin_round(self) -> None:
        """Count anew."""
        self.wait_s = 0.0
        self.failed = 0

    async def ask(self, what: str, call: Awaitable[Answer]) -> Answer | VenueFailure:
        """The venue's answer, or the failure, which has been said by then."""
        try:
            answer = await within(self._within_s, call, what)
        except VenueFailure as failure:
            self.met(what, failure)
            return failure
        except Exception as error:
            # A defect on the way to the venue: what it did there is unknown, and the flatten must go on.
            defect = Ambiguous(f"{type(error).__name__}: {error}")
            self.met(what, defect)
            return defect
        self.keys_refused_in_a_row = 0
        return answer

    def met(self, what: str, failure: VenueFailure) -> None:
        """Remember a failure and say it."""
        self.failed += 1
        if isinstance(failure, KeysLost):
            self.keys_refused_in_a_row += 1
        if isinstance(failure, NotSent) and failure.retry_after_s is not None:
            self.wait_s = max(self.wait_s, min(LONGEST_WAIT_S, failure.retry_after_s))
        self.trouble(what, str(failure))

    def step(self, name: StepName, sentence: str) -> None:
        self._notify(FlattenStep(self._venue, name, sentence, self._timing.since_s(self._began_ns), False))

    def trouble(self, what: str, sentence: str, name: StepName = StepName.TROUBLE) -> None:
        """Something stands in the way: said when it is new, and again from time to time."""
        now_ns = self._timing.clock()
        last = self._reported.get(what)
        if last is not None and last.sentence == sentence and now_ns - last.at_ns < AGAIN_AFTER_NS:
            return
        self._reported[what] = LastReport(sentence, now_ns)
        text = f"{what}: {sentence}"
        self._notify(FlattenStep(self._venue, name, text, self._timing.since_s(self._began_ns), True))
