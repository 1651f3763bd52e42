"""Seeded chaos: sessions in which everything goes wrong that has gone wrong for somebody, each ending flat and whole.

Some in every run, thousands when asked: `COCKPIT_CHAOS=5000 pytest tests/faults/test_chaos.py -n auto`. A session that
fails prints its seed and its plan; `COCKPIT_CHAOS_SEED=123 pytest tests/faults/test_chaos.py` plays it alone.
"""

import gc
import os

import pytest

from tests import venue_pairs
from tests.faults.chaos_plan import FIRST_SEED, Plan, first_plan_of, plan_of
from tests.faults.chaos_run import report, run
from tests.faults.chaos_verdict import summary

ON_BOTH_PAIRS = True
SESSIONS = int(os.environ.get("COCKPIT_CHAOS", "96"))
ON_SECOND = int(os.environ.get("COCKPIT_CHAOS", "24"))
"""On the second pair of venues, where nobody asks for more."""
BATCHES = 12
REGRESSIONS = {
    1068: "a stop that filled unheard was told as gone without an order of ours",
    20_252_360: "an exit told before the entry it took from was booked to nobody",
    20_253_323: "a stop's execution was told under the id of the order it became",
    1376: "a close that found no connection was looked up for eight seconds before it was sent again",
}
"""Seeds of the first plans that failed once, and what they found."""
LATER_REGRESSIONS = {
    20_251_024: "a stop for a foreign position that was turned away for the rate was laid ten seconds later",
    20_251_218: "an entry that only a foreign position had shown kept a flatten waiting for ever",
    30_000_103: "a stop in doubt that was taken back was told as never sent, and rested on",
    30_000_214: "a position was told as gone before the executions of the target that took it",
    20_251_033: "targets that left before the journal had them held the quantity of a close for ever",
    41_000_004: "a stop for a foreign position, lifted by hand just after it was laid, was believed for five seconds",
    41_000_178: "an entry that filled unheard waited for the second look at a position that was gone",
    185: "after a restart a stop that never arrived was not laid anew while the venue hid the position",
    253: "two looks at once at what a hand turned over took each other's doubt, and its stop came two seconds later",
    20_252_083: "a lost close waited for five seconds where another trade's stop rested, and for a hidden position",
    20_251_620: "a close that was lost twice was asked for a second after it was known, not after it was sent",
    20_251_340: "the second copy of a stop that was sent twice rested on after the first was cancelled",
    20_252_118: "a close of more than was left was sent four times although nothing rested that held the quantity",
    20_252_388: "after an outage a lost close was asked for a second later, as if it had been asked for meanwhile",
    20_252_463: "after a restart what was counted of an entry had the price of all of it, not of the rest of it",
    20_251_304: "what a hand added waited until every exit of ours there had been asked for, twice",
    20_252_084: "what a hand added waited for a second look although its execution had been told",
    20_252_573: "a flatten took the stop off a position that the venue hid, and called it flat",
    20_252_602: "a flatten called a venue flat whose position was hidden, and never looked there again",
    20_253_835: "what a hand added waited for a third look, as another position had to be looked for twice",
    20_253_003: "what a hand had added was taken for an entry that never arrived again, after its close",
    20_254_316: "what a hand added beside an entry that rests waited for a round after the entry had been asked for",
    20_255_242: "a refused stop for what is not ours came four seconds after the venue took stops again",
    20_252_644: "a list of orders waited for the positions for three seconds, and a stop lifted meanwhile was missed",
    20_252_190: "an entry that never arrived took what a flatten was closing, by a list of positions made before",
    20_256_210: "a stop for a foreign position that was lost four times went again ever more seldom, like an entry",
    20_254_230: "a stop lifted just after a round waited for a late peek, then a restart for a second look",
    20_255_369: "a hand changed what it had added between the two looks, and a third was waited for",
    20_252_768: "after a restart a lost close was not looked up for five seconds while the venue hid its position",
}
"""Seeds of the plans with all troubles."""
AT_NEWER = {
    "bybit": {20_251_019: "", 20_251_020: ""},
    "hyperliquid": {20_251_019: "", 20_251_020: ""},
    "coinbase": {
        20_251_019: "",
        20_251_045: "a stop-limit that was gapped through rested for a second before it was taken back",
    },
    "coinbase-spot": {
        20_251_038: "by its stamp a sale came before what it sold, and a part of another trade was given up",
        20_251_045: "a target that was not met left its part of the coins without the stop that had to go for it",
        17_030_128: "no stop and no sale was small enough for what a hand had left of coins that the list hid",
        17_030_174: "a stop that went for a sale by hand was looked for 1.6 s later while the stream was mute",
    },
    "krakenfutures": {
        20_251_019: "",
        20_251_146: "an entry that was counted as filled, at no price, waited for its executions to be listed",
    },
}
"""A few at each of the newer venues in every run, and what they found there."""
FOUND_ONCE = [
    *((first_plan_of(seed), what) for seed, what in REGRESSIONS.items()),
    *((plan_of(seed), what) for seed, what in LATER_REGRESSIONS.items()),
]


def failures(plans: list[Plan]) -> list[str]:
    verdicts = [run(plan) for plan in plans]
    gc.collect()  # what killed engines left half done is mentioned here, where that is expected
    print(f"chaos on {venue_pairs.chosen()}: {summary(verdicts)}")
    return [report(plan, one.problems) for plan, one in zip(plans, verdicts, strict=True) if one.problems]


@pytest.mark.timeout(3_600)
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_session_ends_flat_and_whole(batch: int) -> None:
    """A killed engine leaves half-done work behind, which Python mentions when it is collected."""
    if "COCKPIT_CHAOS_SEED" in os.environ:
        pytest.skip("one seed is played alone")
    sessions = SESSIONS if venue_pairs.chosen() == venue_pairs.FIRST else ON_SECOND
    found = failures([plan_of(FIRST_SEED + number) for number in range(batch, sessions, BATCHES)])
    assert not found, "\n\n".join(found)


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("plan", "what"), FOUND_ONCE, ids=lambda value: str(getattr(value, "seed", "")))
def test_what_chaos_found_once_stays_mended(plan: Plan, what: str) -> None:
    if venue_pairs.second() != "okx":
        pytest.skip("these plans name OKX")
    found = failures([plan])
    assert not found, f"{what}\n{found[0]}"


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif("COCKPIT_CHAOS_SEED" not in os.environ, reason="COCKPIT_CHAOS_SEED names a seed to play alone")
def test_one_seed_alone() -> None:
    found = failures([plan_of(int(os.environ["COCKPIT_CHAOS_SEED"]))])
    assert not found, found[0]


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.first_pair("each of them is of a pair of its own")
@pytest.mark.parametrize("pair", venue_pairs.NEWER)
def test_some_sessions_at_each_newer_venue(pair: str) -> None:
    venue_pairs.choose(pair)
    found = failures([plan_of(seed) for seed in AT_NEWER[pair]])
    assert not found, "\n\n".join(found)
