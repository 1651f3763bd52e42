"""Rows of the matrix about one order: sent, lost, unknown, filled in parts, guarded by its stop."""

from tests.faults.fault import Fault

UNKNOWN = "tests/faults/test_fault_unknown.py::"
RESTART = "tests/faults/test_fault_restart.py::"
STOPS = "tests/faults/test_fault_stops.py::"
STREAM = "tests/faults/test_fault_stream.py::"

ORDERS = (
    Fault(
        number=1,
        failure="An order times out, and is live all the same",
        injected="the entry executes and the connection is cut before the answer; or the answer breaks off half way; "
        "or it comes after our patience has ended",
        does="calls it unknown, asks the venue by the id it was sent with, and never sends another",
        seen=("t000001e1 (entry of … on …) unknown, asked for by its id: …", "opening …", "stop … on venue"),
        journal="one request to place it; the order unknown, then filled; one fill",
        ends="one order at the venue, one position, its stop resting",
        proofs=(
            f"{UNKNOWN}test_01_an_entry_whose_answer_is_lost_is_found_and_never_sent_again",
            f"{UNKNOWN}test_01_an_entry_whose_answer_takes_half_a_minute_is_found_with_the_next_look",
        ),
    ),
    Fault(
        number=2,
        failure="The venue answers that it does not know, and fills later",
        injected="503 -1000, 408 -1007, OKX 50026 and 50004, with the order executed one to four seconds later",
        does="keeps it unknown, which counts as one that may fill, until the venue says what became of it",
        seen=("t000001e1 (entry of … on …) unknown, asked for by its id: …", "stop … on venue"),
        journal="the order unknown until it filled",
        ends="one order, guarded from its first fill",
        proofs=(f"{UNKNOWN}test_02_an_order_that_fills_after_the_venue_did_not_know_stays_unknown_until_then",),
    ),
    Fault(
        number=3,
        failure='"Not found" is taken for "never arrived", and the order is sent again and again',
        injected="the venue executes the entry and says not found to every question for four seconds",
        does="asks again for at least five seconds before it believes; an id is given to one order only",
        seen=("t000001e1 (entry of … on …) unknown, asked for by its id: …", "stop … on venue"),
        journal="one request to place it",
        ends="one order, one position",
        proofs=(
            f"{UNKNOWN}test_03_not_found_is_not_believed_before_five_seconds",
            f"{UNKNOWN}test_03_an_order_that_never_arrived_is_given_up_and_never_sent_again",
        ),
    ),
    Fault(
        number=4,
        failure="After some tries an order is written off as rejected, with its position open",
        injected="an entry that executes unseen: lost answer, deaf stream, questions that fail for twenty seconds",
        does="never writes an order off for want of answers; a position that is there is adopted with the first look",
        seen=("t000001e1 (entry of … on …) unknown, asked for by its id: …", "… not read since … s: …"),
        journal="the order unknown until the venue could be asked; then its fill",
        ends="the position is ours, with its stop",
        proofs=(f"{UNKNOWN}test_04_an_order_nobody_can_be_asked_about_is_never_written_off",),
    ),
    Fault(
        number=7,
        failure="An old fill is booked to a new trade on the other side",
        injected="the fills of a closed trade come once more, late, while a new trade is open there",
        does="books by order and execution id; time and side play no part",
        seen=("stop … on venue",),
        journal="each execution once, with its own order",
        ends="both trades as they were",
        proofs=(f"{RESTART}test_07_an_old_fill_that_comes_again_is_nobodys",),
    ),
    Fault(
        number=8,
        failure="The stop is cancelled before the close is accepted",
        injected="a stop is moved, a trade is closed, with closes and new stops refused or unknown",
        does="cancels a stop only once another one rests or the position is seen flat",
        seen=("… not closed, … still open…",),
        journal="the close refused, the stop working until the close filled",
        ends="never a moment without a stop, and none left behind",
        proofs=(f"{STOPS}test_08_the_stop_stays_until_the_position_is_gone",),
    ),
    Fault(
        number=9,
        failure="The stop survives the close, and opens a position",
        injected="the stop's cancel fails after the close; then the market reaches the stop's price",
        does="every stop is reduce-only; what is left behind is swept by the next look",
        seen=("… closed outside: …",),
        journal="the stop cancelled",
        ends="no stop, and no position from it",
        proofs=(f"{STOPS}test_09_a_stop_that_outlives_its_position_opens_nothing_and_is_swept",),
    ),
    Fault(
        number=17,
        failure="An entry fills in part, and its stop has another size",
        injected="an entry that fills in three parts, a target that fills in part",
        does="sizes the stop to what is open after every fill; the old one goes once the new one rests",
        seen=("stop … on venue",),
        journal="a stop for each size",
        ends="after every fill one stop, of the position's size",
        proofs=(f"{STOPS}test_17_the_stop_has_the_positions_size_after_every_fill",),
    ),
    Fault(
        number=18,
        failure="The venue no longer takes this kind of stop (-4120)",
        injected="the conditional service refuses every stop, before an entry and after one",
        does="probes each perpetual before arming and refuses entries where no stop can rest; a position whose stop is "
        "refused is closed at once",
        seen=("… stop rejected: …: closing at once",),
        journal="the stop rejected, the close, reason no_stop",
        ends="no position without a stop; no entry there any more",
        proofs=(
            f"{STOPS}test_18_a_stop_that_is_refused_closes_the_position_at_once",
            f"{STOPS}test_18_where_no_stop_can_rest_nothing_is_armed",
        ),
    ),
    Fault(
        number=21,
        failure="Contracts are taken for coins",
        injected="trades of every asset on a venue that counts in contracts of 0.01, 0.1, 1 and 100 coins",
        does="has base coins everywhere, and contracts in one file",
        seen=("stop … on venue",),
        journal="quantities in base coins",
        ends="the position at the venue is worth what the gate allowed",
        proofs=(f"{STREAM}test_21_a_position_in_contracts_is_worth_what_the_gate_allowed",),
    ),
    Fault(
        number=25,
        failure="The stream's key dies, and fills vanish",
        injected="the listen key expires, with the socket left open and silent, while a stop is about to fill",
        does="asks for what it is not told of, and makes a new key",
        seen=("binance private stream is down, asking instead: …", "binance private stream stands…"),
        journal="the stop's fill, once",
        ends="the trade closed with the venue's price; a stream that speaks",
        proofs=(f"{STREAM}test_25_a_dead_listen_key_loses_no_fill",),
    ),
    Fault(
        number=26,
        failure="One fill is lost on a healthy stream",
        injected="the frames of a target's fill, and of a stop's, are dropped; others come twice and out of order",
        does="asks every two seconds what is held and rests, and fetches the executions it lacks",
        seen=("stop … on venue",),
        journal="every execution once",
        ends="the books are the venue's",
        proofs=(
            f"{STREAM}test_26_a_fill_that_the_stream_lost_is_found",
            f"{STREAM}test_26_frames_twice_and_out_of_order_change_nothing",
        ),
    ),
    Fault(
        number=42,
        failure="A healthy position is sold because the venue did not like a number",
        injected="a stop refused for its price's grid; a target refused; a stop that the market has passed already",
        does="tells a malformed order from one that would trigger: without any stop it closes, without a target it "
        "keeps its stop and says so",
        seen=("… target rejected by venue: …",),
        journal="the target rejected, the stop working",
        ends="a refused target closes nothing; a stop the market has passed closes at once",
        proofs=(
            f"{STOPS}test_42_a_refused_target_leaves_the_position_and_its_stop",
            f"{STOPS}test_42_a_stop_that_the_market_has_passed_closes_at_once",
        ),
    ),
)
