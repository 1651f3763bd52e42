"""The flatten machine under any script of failures: it never throws, never bares a position, and ends flat."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from scripted_account import ScriptedAccount

from cockpit.domain.kinds import OrderStatus, Side
from cockpit.exchanges.base.account import Ambiguous, HeldPosition, KeysLost, NotSent, RefusalKind, Refused, VenueOrder
from cockpit.exchanges.base.order_ids import OrderIds
from cockpit.exchanges.base.timing import Timing
from cockpit.flatten.calls import LONGEST_WAIT_S
from cockpit.flatten.direct import AloneSite
from cockpit.flatten.steps import FlattenStep, StepName
from cockpit.flatten.venue_flatten import VenueFlatten

ASSETS = ("BTC", "ETH", "SOL")

failures = st.sampled_from(
    [
        Ambiguous("timed out"),
        NotSent("429", 3.0),
        NotSent("overloaded"),
        KeysLost("-2015"),
        Refused(RefusalKind.OTHER, "-1111", "no"),
        Refused(RefusalKind.TOO_SMALL, "-4164", "dust"),
        Refused(RefusalKind.QUANTITY_RESERVED, "-4118", "reserved"),
        ValueError("a defect"),
        ZeroDivisionError("another"),
    ]
)
scripts = st.lists(st.tuples(st.one_of(st.none(), failures), st.booleans()), max_size=60)


@st.composite
def orders(draw: st.DrawFn) -> list[VenueOrder]:
    count = draw(st.integers(0, 8))
    return [
        VenueOrder(
            client_id=draw(st.sampled_from(["", "web_1", "ckabc123t000001s2"])),
            venue_order_id=str(number),
            asset=draw(st.sampled_from(ASSETS)),
            side=draw(st.sampled_from(list(Side))),
            status=OrderStatus.WORKING,
            qty=1.0,
            filled_qty=0.0,
            average_price=0.0,
            reduce_only=draw(st.booleans()),
            is_conditional=draw(st.booleans()),
            limit_price=None,
            trigger_price=99.0,
        )
        for number in range(count)
    ]


class JumpingTime:
    """A clock that a sleep moves on at once."""

    def __init__(self) -> None:
        self.now_ns = 1_763_816_824_000_000_000
        self.slept_s: list[float] = []

    async def sleep(self, pause_s: float) -> None:
        self.slept_s.append(pause_s)
        self.now_ns += round(pause_s * 1e9)
        await asyncio.sleep(0)

    @property
    def timing(self) -> Timing:
        return Timing(lambda: self.now_ns, self.sleep)


def flattened(account: ScriptedAccount) -> tuple[list[FlattenStep], JumpingTime]:
    steps, time = [], JumpingTime()
    site = AloneSite(account, steps.append, OrderIds("direct"), time.timing)  # type: ignore[arg-type]
    machine = VenueFlatten(account, site, time.timing)  # type: ignore[arg-type]

    async def run() -> None:
        await asyncio.wait_for(machine.run("test"), 20.0)

    asyncio.run(run())
    return steps, time


@given(
    st.dictionaries(st.sampled_from(ASSETS), st.sampled_from([-2.0, 0.5, 1.0])),
    orders(),
    scripts,
)
def test_it_ends_flat_and_no_stop_goes_before_its_position(
    held: dict[str, float], resting: list[VenueOrder], script: list[Any]
) -> None:
    account = ScriptedAccount(held, resting, iter(script))
    steps, _ = flattened(account)
    assert steps[-1].name is StepName.FLAT
    assert not any(account.held.values()) and not account.resting
    assert account.naked == [] and not account.turned
    names = [step.name for step in steps]
    assert names[0] is StepName.FREEZE and names.count(StepName.FLAT) == 1
    assert names.count(StepName.SEEN_CLEAR) >= 2


class Returning(ScriptedAccount):
    """Somebody opens a position between the first look that finds nothing and the second."""

    reads = 0

    async def positions(self) -> tuple[HeldPosition, ...]:
        self.reads += 1
        if self.reads == 2:
            self.held["ETH"] = 1.0
        return await super().positions()


def test_what_comes_back_begins_the_looks_anew() -> None:
    account = Returning({}, [], iter(()))
    steps, _ = flattened(account)
    clear = [step.sentence[-8:] for step in steps if step.name is StepName.SEEN_CLEAR]
    assert clear == ["(1 of 2)", "(1 of 2)", "(2 of 2)"]
    assert not any(account.held.values())


@given(scripts)
def test_it_leaves_a_venue_alone_as_it_is_told_but_never_for_long(script: list[Any]) -> None:
    told = [(NotSent("banned", 60.0), False)]
    _, time = flattened(ScriptedAccount({"BTC": 1.0}, [], iter([*told, *script])))
    assert time.slept_s[0] == LONGEST_WAIT_S < 60.0


def test_what_does_not_change_is_asked_for_ever_more_slowly() -> None:
    class Refusing(ScriptedAccount):
        refusals = 40

        async def close_position(self, position: HeldPosition, client_id: str) -> VenueOrder:
            self.refusals -= 1
            if self.refusals > 0:
                raise Refused(RefusalKind.OTHER, "-1", "no")
            return await super().close_position(position, client_id)

    steps, time = flattened(Refusing({"BTC": 1.0}, [], iter(())))
    assert time.slept_s[:5] == [0.2, 0.4, 0.8, 1.6, 3.2]
    assert max(time.slept_s) == 5.0
    said = [step for step in steps if step.is_trouble]
    assert len(said) < 25  # the same trouble is not said over and over
