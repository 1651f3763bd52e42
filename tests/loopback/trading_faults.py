"""What goes wrong between a client and a venue, at the flick of a switch.

    venue.faults.add(dropped_after(), roles={"entry"})             # the next entry: executed, the answer lost
    venue.faults.add(unknown(), roles={"stop"}, times=2)           # the next two stops
    venue.faults.add(too_many(retry_after_s=3), times=None)        # everything, until `clear()`
    venue.faults.add(rejected("-2019"), roles={"entry"}, path="batchOrders")

Roles: entry (an order that may open), close (reduce-only market), target (reduce-only limit), stop (a conditional
order), cancel, cancel_stop, lookup, lookup_stop, open_orders, open_stops, positions, account, history, setup, stream
(listen keys), time, dead_man, public.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto


class Loss(Enum):
    """What becomes of the answer."""

    NONE = auto()
    CUT = auto()
    """The connection is cut before a byte of it."""
    TRUNCATED = auto()
    """Cut in the middle of its body."""


class FaultAnswer(Enum):
    """What a venue answers in place of the true answer; each has its own words for it."""

    UNKNOWN = auto()
    """Binance 503 -1000, OKX 50026: executed or not, nobody knows."""
    TIMEOUT = auto()
    """Binance 408 -1007, OKX 50004."""
    OVERLOADED = auto()
    """Binance 503 -1008, OKX 50013."""
    TOO_MANY = auto()
    """429 -1003, OKX 50011."""
    BANNED = auto()
    """418 -1003; OKX has no such thing and says 50011 with 429."""
    REVOKED = auto()
    """-2015, OKX 50111."""
    SKEWED = auto()
    """-1021, OKX 50102."""
    NOTHING = auto()
    """For reads: an answer that is well formed and empty, as a reader that parsed 0 would see."""
    STALE = auto()
    """For positions: as they were when the fault was added."""
    WALL = auto()
    """403 in HTML, from what stands before the venue."""
    BAD_GATEWAY = auto()
    """502 in HTML, from what stands before the venue."""


@dataclass(frozen=True)
class Fault:
    """One way for a request to go wrong. `executes` False: it never reaches the matching engine, unless `is_late`: then
    it does so `after_s` after the answer, or (None) when the test calls `venue.carry_out_late()`. `hangs_s`: the
    answer waits so long (None = not at all)."""

    executes: bool = True
    is_late: bool = False
    after_s: float | None = None
    loss: Loss = Loss.NONE
    answer_as: FaultAnswer | str | None = None
    """A code of the venue's own ("-2019", "51008"), or a word each venue translates."""
    body: tuple[int, str] | None = None
    """This status and text in place of any answer that the venue would give."""
    retry_after_s: int | None = None
    hangs_s: float | None = None


def dropped_before() -> Fault:
    """The connection is cut and nothing was executed."""
    return Fault(executes=False, loss=Loss.CUT)


def dropped_after() -> Fault:
    """It was executed, then the connection is cut."""
    return Fault(loss=Loss.CUT)


def truncated() -> Fault:
    """It was executed and the answer breaks off in its middle."""
    return Fault(loss=Loss.TRUNCATED)


def unknown(executes: bool = True) -> Fault:
    """503 -1000, 50026."""
    return Fault(executes=executes, answer_as=FaultAnswer.UNKNOWN)


def timed_out(executes: bool = True) -> Fault:
    """-1007, 50004."""
    return Fault(executes=executes, answer_as=FaultAnswer.TIMEOUT)


def overloaded() -> Fault:
    """-1008, 50013: not executed."""
    return Fault(executes=False, answer_as=FaultAnswer.OVERLOADED)


def hanging(seconds: float, executes: bool = True) -> Fault:
    """Executed (or not) at once; the true answer comes so much later."""
    return Fault(executes=executes, hangs_s=seconds)


def late(seconds: float | None = None, answer_as: FaultAnswer = FaultAnswer.TIMEOUT) -> Fault:
    """Answers "unknown" at once; the order becomes visible and fills so much later, None = on the test's command."""
    return Fault(executes=False, is_late=True, after_s=seconds, answer_as=answer_as)


def walled() -> Fault:
    """403 in HTML: not executed, and nothing in the answer that a venue would say."""
    return Fault(executes=False, answer_as=FaultAnswer.WALL)


def bad_gateway(executes: bool = False) -> Fault:
    """502 in HTML: executed or not, nothing in the answer tells."""
    return Fault(executes=executes, answer_as=FaultAnswer.BAD_GATEWAY)


def answered(code: str, executes: bool = True) -> Fault:
    """It was executed, and the answer is this code all the same."""
    return Fault(executes=executes, answer_as=code)


def saying(text: str, status: int = 200, executes: bool = True) -> Fault:
    """It was executed (or not), and the answer is that text, whatever it means."""
    return Fault(executes=executes, body=(status, text))


def too_many(retry_after_s: int | None = 1) -> Fault:
    """429, with or without the seconds to wait."""
    return Fault(executes=False, answer_as=FaultAnswer.TOO_MANY, retry_after_s=retry_after_s)


def banned(retry_after_s: int = 120) -> Fault:
    """418."""
    return Fault(executes=False, answer_as=FaultAnswer.BANNED, retry_after_s=retry_after_s)


def rejected(code: str) -> Fault:
    """The venue's own refusal with this code."""
    return Fault(executes=False, answer_as=code)


def empty() -> Fault:
    """A read that finds nothing."""
    return Fault(answer_as=FaultAnswer.NOTHING)


def stale() -> Fault:
    """Positions as they were when the fault was added."""
    return Fault(answer_as=FaultAnswer.STALE)


@dataclass
class Rule:
    """A fault, the requests it meets and how many of them are left (None = every one)."""

    fault: Fault
    roles: frozenset[str]
    path: str
    left: int | None

    def meets(self, role: str, path: str) -> bool:
        return (not self.roles or role in self.roles) and self.path in path and self.left != 0


@dataclass
class Faults:
    """The rules in force, first come first served, then the policy. `hit` lists what each role suffered."""

    rules: list[Rule] = field(default_factory=list)
    hit: list[tuple[str, Fault]] = field(default_factory=list)
    policy: Callable[[str], Fault | None] = lambda role: None

    def add(self, fault: Fault, roles: Iterable[str] = (), path: str = "", times: int | None = 1) -> Rule:
        """`roles` empty = any; `path` = any whose path has it in it; `times` None = until `clear` or `remove`."""
        rule = Rule(fault, frozenset(roles), path, times)
        self.rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        self.rules.remove(rule)

    def drop(self, fault: Fault) -> None:
        """Every rule with this very fault goes."""
        self.rules = [rule for rule in self.rules if rule.fault is not fault]

    def clear(self) -> None:
        self.rules.clear()

    def meeting(self, role: str, path: str) -> Fault | None:
        """The fault for this request, counted off."""
        rule = next((rule for rule in self.rules if rule.meets(role, path)), None)
        if rule is not None and rule.left is not None:
            rule.left -= 1
        fault = rule.fault if rule is not None else self.policy(role)
        if fault is not None:
            self.hit.append((role, fault))
        return fault
