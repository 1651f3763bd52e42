"""A session of chaos as a plan: made from a seed alone, so that it can be printed, played again and kept.

Everything in it has happened on a real venue. What is broken heals before the plan's end, and then everything is
flattened.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from tests import venue_pairs
from tests.loopback import trading_faults as faults

FIRST_SEED = 20_251_019
PERPETUALS = (("ETH", "binance"), ("SOL", "binance"), ("BTC", "okx"), ("ETH", "okx"), ("SOL", "okx"))
ROLES = (
    ("entry",),
    ("stop",),
    ("close",),
    ("target",),
    ("cancel",),
    ("cancel_stop",),
    ("lookup", "lookup_stop"),
    ("open_orders", "open_stops", "positions"),
    ("positions",),
    ("entry", "stop"),
    ("stop", "close"),
    ("entry", "stop", "close", "target", "cancel", "cancel_stop"),
    (),
)
KINDS: dict[str, Callable[[Random], faults.Fault]] = {
    "dropped_before": lambda rng: faults.dropped_before(),
    "dropped_after": lambda rng: faults.dropped_after(),
    "truncated": lambda rng: faults.truncated(),
    "unknown": lambda rng: faults.unknown(executes=rng.random() < 0.5),
    "timed_out": lambda rng: faults.timed_out(executes=rng.random() < 0.5),
    "overloaded": lambda rng: faults.overloaded(),
    "hanging": lambda rng: faults.hanging(rng.choice((0.3, 3.0, 20.0)), executes=rng.random() < 0.7),
    "late": lambda rng: faults.late(rng.choice((0.3, 1.0, 3.0))),
    "too_many": lambda rng: faults.too_many(rng.choice((1, 3))),
    "empty": lambda rng: faults.empty(),
}
DEAFENING = {"kill", "kill_at_call", "frames", "stall", "cut", "expire", "down", "break", "hide", "lag"}
HANDS = {"hand", "liquidate", "deleverage", "hand_adds", "hand_turns"}
FOREIGN = {"hand_adds", "hand_turns"}
"""What leaves a position that is nobody's of ours."""
ON_PERPETUALS = {"liquidate", "deleverage", "funding"}
"""What happens to no coins."""
PROTECT = ("execution.foreign_positions=protect", "execution.foreign_stop_bps=200")
UNKNOWN_CODES = {"binance": ("-5999", "-1", "-4999", "-9000"), "okx": ("51149", "59999", "1", "58999")}
"""Codes of no list."""
READS = ("lookup", "lookup_stop", "open_orders", "open_stops", "positions")


class Step(NamedTuple):
    """What happens after `wait_s`: a verb of `Chaos`, and what it is given."""

    wait_s: float
    verb: str
    args: tuple[object, ...] = ()

    def __str__(self) -> str:
        return f"{self.wait_s:6.2f} s  {self.verb} {', '.join(str(arg) for arg in self.args)}".rstrip()


class Plan(NamedTuple):
    """A session: what happens, step by step."""

    seed: int
    steps: tuple[Step, ...]
    overrides: tuple[str, ...] = ()

    @property
    def has_hands(self) -> bool:
        """Whether somebody else touched the account."""
        return any(step.verb in HANDS for step in self.steps)

    @property
    def has_foreign(self) -> bool:
        """Whether somebody else held something there too: sizes and results of the account are not ours alone."""
        return any(step.verb in FOREIGN for step in self.steps)

    @property
    def may_guess(self) -> bool:
        """Whether somebody may have closed a position of ours unheard: its result is then a guess, and said to be."""
        return self.has_hands and bool({step.verb for step in self.steps} & DEAFENING)

    @property
    def may_miss_funding(self) -> bool:
        """Whether a payment may have been told to nobody who was still there: the venue is asked once a minute."""
        verbs = {step.verb for step in self.steps}
        return "funding" in verbs and bool(verbs & DEAFENING)

    def __str__(self) -> str:
        return "\n".join((f"seed {self.seed}", *(str(step) for step in self.steps)))


def plan_of(seed: int) -> Plan:
    """The session of that seed: a few trades, around each of them whatever may go wrong, and in between what hides,
    lags, jumps, says what no list has, or is done by hand."""
    first, rng = first_plan_of(seed), Random(-seed - 1)
    steps = list(first.steps)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(1, len(steps) + 1)
        before = [step.args for step in steps[:at] if step.verb == "signal"]
        asset, venue, side = rng.choice(before) if before else (*rng.choice(PERPETUALS), "long")
        verb = rng.choice(list(LATER))
        wait_s = rng.choice((0.0, 0.1, 0.5, 2.0)) * rng.random()
        steps.insert(at, Step(wait_s, verb, LATER[verb](rng, str(asset), str(venue), str(side))))
    protects = any(step.verb in FOREIGN for step in steps)
    return Plan(seed, tuple(there for step in steps for there in _there(step)), PROTECT if protects else ())


def _there(step: Step) -> Iterator[Step]:
    """The same on the second venue that there is, where it happens there: coins are bought, and never more is sold."""
    if "okx" not in step.args:
        yield step
        return
    args = tuple(venue_pairs.second() if arg == "okx" else arg for arg in step.args)
    if not venue_pairs.is_spot():
        yield step._replace(args=args)
    elif step.verb == "hand_turns":
        yield step._replace(verb="hand", args=(*args[:2], 1.0))
    elif step.verb not in ON_PERPETUALS:
        yield step._replace(args=tuple("long" if arg == "short" else arg for arg in args))


def first_plan_of(seed: int) -> Plan:
    """Without what was added to the troubles later; `plan_of` puts that in between."""
    rng = Random(seed)
    verbs = [name for name, weight in WEIGHTS.items() for _ in range(weight)]
    steps: list[Step] = []
    for _ in range(rng.randint(2, 4)):
        asset, venue = rng.choice(PERPETUALS)
        steps += [Step(0.0, "break", _break(rng, venue)) for _ in range(rng.choice((0, 1, 1, 2)))]
        if rng.random() < 0.2:
            steps.append(Step(0.0, "partly", ARGS["partly"](rng, asset, venue)))
        steps.append(Step(rng.choice((0.0, 0.3)), "signal", (asset, venue, rng.choice(("long", "short")))))
        for _ in range(rng.randint(1, 6)):
            verb = rng.choice(verbs)
            wait_s = rng.choice((0.0, 0.01, 0.1, 0.5, 2.0)) * rng.random()
            there = (asset, venue) if rng.random() < 0.8 else rng.choice(PERPETUALS)
            steps.append(Step(wait_s, verb, ARGS[verb](rng, *there)))
    return Plan(seed, tuple(steps))


def _break(rng: Random, venue: str) -> tuple[object, ...]:
    kind = rng.choice(list(KINDS))
    roles = ROLES[rng.randrange(len(ROLES))]
    if kind == "empty":
        roles = tuple(role for role in READS if rng.random() < 0.5) or READS
    return venue, roles, kind, KINDS[kind](rng), rng.choice((1, 1, 1, 2, 4))


ARGS: dict[str, Callable[[Random, str, str], tuple[object, ...]]] = {
    "move": lambda rng, asset, venue: (asset, rng.choice((-95, -60, -32, -27, -10, 10, 27, 32, 55, 95))),
    "break": lambda rng, asset, venue: _break(rng, venue),
    "frames": lambda rng, asset, venue: (
        venue,
        rng.choice(("drop_next", "repeat_next", "hold_next")),
        rng.randint(1, 4),
    ),
    "stall": lambda rng, asset, venue: (venue, rng.uniform(0.5, 8.0)),
    "cut": lambda rng, asset, venue: (venue,),
    "delay": lambda rng, asset, venue: (venue, rng.choice((0.05, 0.4))),
    "partly": lambda rng, asset, venue: (venue, rng.choice(((0.4,), (0.5, 0.5), (0.3, 0.3, 0.4), (), (0.7,)))),
    "finish": lambda rng, asset, venue: (venue,),
    "reject_stops": lambda rng, asset, venue: (venue, rng.uniform(0.5, 4.0)),
    "no_stops": lambda rng, asset, venue: (venue, rng.uniform(0.5, 4.0)),
    "skew": lambda rng, asset, venue: (venue, rng.choice((-12_000, 12_000))),
    "hand": lambda rng, asset, venue: (venue, asset, rng.choice((0.5, 1.0))),
    "liquidate": lambda rng, asset, venue: (venue, asset),
    "deleverage": lambda rng, asset, venue: (venue, asset, rng.choice((0.5, 1.0))),
    "funding": lambda rng, asset, venue: (venue, asset, rng.choice((-0.0003, 0.0001))),
    "expire": lambda rng, asset, venue: (),
    "down": lambda rng, asset, venue: (venue, rng.uniform(0.2, 3.0)),
    "kill": lambda rng, asset, venue: (rng.randint(0, 400), rng.choice((0.1, 2.0))),
    "kill_at_call": lambda rng, asset, venue: (
        venue,
        rng.choice(("entry", "stop", "close", "target", "cancel_stop")),
        rng.random() < 0.5,
    ),
    "flatten": lambda rng, asset, venue: (),
    "resume": lambda rng, asset, venue: (),
    "wait": lambda rng, asset, venue: (rng.uniform(1.0, 4.0),),
}
LATER: dict[str, Callable[[Random, str, str, str], tuple[object, ...]]] = {
    "hide": lambda rng, asset, venue, side: (venue, rng.choice((2.0, 5.0, 8.0, 12.0, 25.0))),
    "break": lambda rng, asset, venue, side: _unknown_code(rng, venue),
    "jump": lambda rng, asset, venue, side: (rng.choice((-120.0, 3_600.0)), rng.random() < 0.5),
    "lag": lambda rng, asset, venue, side: (venue, rng.uniform(1.0, 10.0)),
    "signal": lambda rng, asset, venue, side: (asset, venue, side),
    "hand": lambda rng, asset, venue, side: (venue, asset, rng.choice((0.13, 0.37, 0.61, 0.9))),
    "hand_turns": lambda rng, asset, venue, side: (venue, asset, rng.choice((1.4, 2.0))),
    "hand_adds": lambda rng, asset, venue, side: (venue, asset, rng.choice((0.3, 1.0))),
    "hand_lifts": lambda rng, asset, venue, side: (venue, asset),
    "kill": lambda rng, asset, venue, side: (rng.randint(0, 400), rng.choice((0.1, 2.0))),
}
"""What was added to the troubles later: by asset, venue and side of a signal before it."""


def _unknown_code(rng: Random, venue: str) -> tuple[object, ...]:
    """A code of no list, for what was executed and for what was not."""
    roles = rng.choice(
        (("entry",), ("stop",), ("close",), ("target",), ("cancel",), ("cancel_stop",), ("entry", "stop", "close"))
    )
    fault = faults.answered(rng.choice(UNKNOWN_CODES[venue]), executes=rng.random() < 0.5)
    return venue, roles, "unknown_code", fault, rng.choice((1, 1, 2))


WEIGHTS = {
    "move": 8,
    "break": 12,
    "frames": 5,
    "stall": 2,
    "cut": 2,
    "delay": 1,
    "partly": 4,
    "finish": 2,
    "reject_stops": 1,
    "no_stops": 1,
    "skew": 1,
    "hand": 1,
    "liquidate": 1,
    "deleverage": 1,
    "funding": 1,
    "expire": 1,
    "down": 2,
    "kill": 3,
    "kill_at_call": 3,
    "flatten": 1,
    "resume": 2,
    "wait": 3,
}
