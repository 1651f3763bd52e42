"""How long a venue that wants to be left alone is waited for, and what is said of it; no second passes here."""

import pytest

from cockpit.domain.units import NS_PER_S, seconds_to_ns
from cockpit.exchanges.base.account import Ambiguous, NotSent
from cockpit.exchanges.base.timing import Timing
from cockpit.preflight.turn import Turn


class Asked:
    """A venue that puts off so many calls, in a time of its own."""

    def __init__(self, *waits_s: float | None) -> None:
        self.waits_s = list(waits_s)
        self.now_ns = 1_700_000_000 * NS_PER_S
        self.slept_s: list[float] = []
        self.messages: list[str] = []
        self.timing = Timing(lambda: self.now_ns, self._sleep)

    async def _sleep(self, pause_s: float) -> None:
        self.slept_s.append(pause_s)
        self.now_ns += seconds_to_ns(pause_s)

    async def __call__(self) -> str:
        if self.waits_s:
            raise NotSent("okx: 50011 Too Many Requests", self.waits_s.pop(0))
        return "here"

    async def ask(self, most_s: float | None) -> str:
        return await Turn(most_s, self.messages.append, self.timing).ask("okx", self, 5.0)


async def test_it_is_waited_for_as_it_asks_and_said() -> None:
    venue = Asked(3.0, 7.0)
    assert await venue.ask(60.0) == "here"
    assert venue.slept_s == [3.0, 7.0]
    assert venue.messages == [f"okx asks to be left alone for {seconds} s: it is waited for" for seconds in (3, 7)]


async def test_a_long_wait_is_said_again_while_it_lasts() -> None:
    venue = Asked(40.0)
    assert await venue.ask(60.0) == "here"
    assert sum(venue.slept_s) == 40.0
    assert [line.split(" for ")[1].split(" s")[0] for line in venue.messages] == ["40", "25", "10"]


async def test_a_wait_that_is_longer_than_may_be_is_refused_at_once_with_both_numbers() -> None:
    venue = Asked(3600.0)
    with pytest.raises(NotSent, match="for 3600 s, at most 60 s are waited here: try again then"):
        await venue.ask(60.0)
    assert (venue.slept_s, venue.messages) == ([], [])


async def test_all_waits_together_are_bounded() -> None:
    venue = Asked(25.0, 25.0, 25.0)
    with pytest.raises(NotSent, match="for 25 s, at most 10 s are waited here"):
        await venue.ask(60.0)


async def test_where_it_is_waited_for_ever_an_hour_is_asked_again_after_half_a_minute() -> None:
    venue = Asked(*[3600.0] * 5)
    assert await venue.ask(None) == "here"
    assert sum(venue.slept_s) == 5 * 30.0


async def test_nobody_who_is_in_a_hurry_waits() -> None:
    venue = Asked(1.0)
    with pytest.raises(NotSent, match="at most 0 s are waited here"):
        await venue.ask(0.0)


async def test_what_is_no_wish_to_be_left_alone_is_raised_as_it_is() -> None:
    with pytest.raises(NotSent, match=r"^okx: 50011 Too Many Requests$"):
        await Asked(None).ask(60.0)

    async def unknown() -> str:
        raise Ambiguous("okx: nobody knows")

    with pytest.raises(Ambiguous):
        await Turn(60.0).ask("okx", unknown, 5.0)
