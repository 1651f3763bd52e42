"""Rows of the matrix about getting out: the flatten, whatever stands in its way."""

from tests.faults.fault import Fault

FLAT = "tests/faults/test_fault_flatten.py::"
HELD = "tests/faults/test_held_quantity.py::"

FLATTEN = (
    Fault(
        number=10,
        failure="A resting target holds the quantity, and the close is refused (-4118)",
        injected="a position whose whole size rests in targets, and a venue that reserves what they hold; the targets' "
        "cancels fail at first; an order there that no trade knows of, ours or not",
        does="takes back targets first, keeps the stop, closes, and takes the stop back last; refused again, it asks "
        "who else holds the quantity: what nobody here waits for goes, and others' orders where the position is bare",
        seen=("… CLOSE: …", "… FLAT: the venue holds nothing and rests nothing"),
        journal="targets cancelled, the close filled, then the stop cancelled",
        ends="flat, nothing resting, never a moment without a stop",
        proofs=(
            f"{FLAT}test_10_targets_go_before_the_close_and_the_stop_after_it",
            f"{HELD}test_a_target_of_ours_that_no_journal_has_is_not_in_the_way_of_a_close",
            f"{HELD}test_an_order_of_others_is_not_in_the_way_of_a_close_where_nothing_guards",
        ),
    ),
    Fault(
        number=11,
        failure="After it is flat already, it goes on closing (-2022, 51112)",
        injected="the position is closed by somebody else in the moment the close leaves",
        does="takes a refusal as a reason to look again, not to send again",
        seen=("closed outside: … on …, order …, which is not ours",),
        journal="the close refused once, the trade closed outside",
        ends="flat, with a handful of requests",
        proofs=(f"{FLAT}test_11_a_close_of_what_is_gone_looks_again_and_stops",),
    ),
    Fault(
        number=12,
        failure="What is left is too small to close",
        injected="the venue refuses the close of a remainder as too small, again and again",
        does="says DUST with its numbers, tries again every half minute, and never hammers",
        seen=("… DUST: …",),
        journal="the word of the dust",
        ends="declared dust until the venue takes it; then flat",
        proofs=(f"{FLAT}test_12_dust_is_declared_and_tried_again_without_hurry",),
    ),
    Fault(
        number=13,
        failure="The flatten changes our own books and nothing else",
        injected="positions and orders of ours and of strangers, on both venues, one of them never configured",
        does="goes by the venue's word alone, on every perpetual of the account",
        seen=("… SEEN FLAT: no position (2 of 2)", "… FLAT: the venue holds nothing and rests nothing"),
        journal="each close as an execution of the flatten, booked to the trades there",
        ends="nothing held and nothing resting at either venue",
        proofs=(f"{FLAT}test_13_everything_on_the_account_goes_ours_or_not",),
    ),
    Fault(
        number=14,
        failure="A resting entry fills after the flatten",
        injected="an entry that rests in part while the flatten runs; one whose answer is lost, filling seconds later",
        does="takes entries back first, calls itself flat only when no entry's fate is unknown, and looks again",
        seen=("… FLAT: the venue holds nothing and rests nothing",),
        journal="the late fill, and its close",
        ends="flat after the late fill too",
        proofs=(
            f"{FLAT}test_14_an_entry_that_rests_is_taken_back_first",
            f"{FLAT}test_14_an_entry_that_fills_during_the_flatten_is_closed_too",
        ),
    ),
    Fault(
        number=15,
        failure='"Closed", while the position is open: a reader read nothing',
        injected="the venue's answer about positions is well formed and empty, once, while one is held",
        does="believes that a position is gone only when two reads agree",
        seen=("… SEEN FLAT: no position (1 of 2)", "… CLOSE: …"),
        journal="the close",
        ends="closed, and seen so twice",
        proofs=(
            f"{FLAT}test_15_one_empty_answer_is_not_flat",
            f"{FLAT}test_15_one_empty_answer_closes_no_trade",
        ),
    ),
    Fault(
        number=16,
        failure="The way out fails itself",
        injected="every kind of request refused, lost or hanging in turn while it runs; the other venue hanging; "
        "no engine and no journal",
        does="says each trouble and goes on; each venue on its own; `cockpit flatten` needs neither engine nor journal",
        seen=("… TROUBLE: …", "… FLAT: the venue holds nothing and rests nothing"),
        journal="every step with its time",
        ends="flat as soon as the venue lets it",
        proofs=(
            f"{FLAT}test_16_no_fault_stops_the_flatten",
            f"{FLAT}test_16_a_hanging_venue_holds_up_no_other",
            f"{FLAT}test_16_the_road_without_an_engine_and_without_a_journal",
        ),
    ),
)
