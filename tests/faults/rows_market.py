"""Rows of the matrix about what comes from outside: streams, books, prices, readings, signals."""

from tests.faults.fault import Fault

BINANCE = "tests/feeds_live/test_live_contract_binance.py::TestBinance::"
OKX = "tests/feeds_live/test_live_contract_okx.py::TestOkx::"
SILENCE = "tests/feeds_live/test_live_silence.py::"
READINGS = "tests/feeds_live/test_live_readings.py::"
EXECUTE = "tests/api/test_api_execute.py::"

MARKET = (
    Fault(
        number=22,
        failure="A socket stays open and says nothing",
        injected="the venue's public socket goes on answering pings and sends no data; the account's stream stalls too",
        does="counts data, not pings; drops the socket, dials anew, stands down by age; what the account's stream left "
        "out is asked for",
        seen=("… no data of … for … s … nor anything else on its socket",),
        journal="the stand-down with its feed and age; fills found by asking",
        ends="a new socket; no trade on old prices; no fill is lost",
        proofs=(
            f"{BINANCE}test_an_open_but_silent_socket_is_dropped_and_dialled_anew",
            f"{OKX}test_an_open_but_silent_socket_is_dropped_and_dialled_anew",
            "tests/engine/test_engine_standing_down.py::test_a_dead_stream_stands_down_after_15_seconds",
            "tests/faults/test_fault_stream.py::test_22_a_stream_of_the_account_that_says_nothing",
        ),
    ),
    Fault(
        number=23,
        failure="A quiet market is taken for a dead socket, and reconnects become a storm",
        injected="an hour in which nothing trades while marks go on",
        does="expects of each channel only its own cadence, and asks ever more rarely",
        seen=("stream … age … fresh",),
        journal="nothing: nothing happened",
        ends="at most six new subscriptions in an hour, ever further apart",
        proofs=(
            f"{SILENCE}test_a_market_that_stays_quiet_makes_no_storm_of_reconnects",
            f"{SILENCE}test_a_quiet_market_that_only_marks_is_left_in_peace_for_a_minute",
            f"{SILENCE}test_forced_orders_may_be_silent_for_hours",
        ),
    ),
    Fault(
        number=24,
        failure="After a reconnect nothing is subscribed any more",
        injected="sockets are cut; a venue forgets one subscription without a word while others go on",
        does="subscribes everything again and calls the feed well only once each channel has spoken",
        seen=("tops lost: no data of …",),
        journal="the stand-down while it lasts",
        ends="every channel speaks again",
        proofs=(
            f"{BINANCE}test_after_a_killed_socket_everything_is_subscribed_again",
            f"{OKX}test_after_a_killed_socket_everything_is_subscribed_again",
            f"{BINANCE}test_a_lost_subscription_is_made_again_while_the_socket_speaks",
            f"{OKX}test_a_lost_subscription_is_made_again_while_the_socket_speaks",
            f"{SILENCE}test_what_was_subscribed_anew_is_waited_for_until_it_speaks",
        ),
    ),
    Fault(
        number=27,
        failure="A change of the book is missed, and the book is wrong from there on",
        injected="a gap in the book's sequence numbers",
        does="reads nothing from a book with a gap, takes a new snapshot, goes on from there",
        seen=("depth lost: a change of the book was missed",),
        journal="nothing decided on it",
        ends="a whole book again",
        proofs=(
            f"{BINANCE}test_a_gap_in_the_book_brings_a_new_snapshot",
            f"{OKX}test_a_gap_in_the_book_brings_a_new_snapshot",
        ),
    ),
    Fault(
        number=28,
        failure="A price or a reading is used long after it was true",
        injected="each feed falls silent in turn, past its warning age, past its stand-down age",
        does="every input carries its age; a check on a stale one says no data and blocks; exits go on",
        seen=("no_data: no data on …: last read … s ago, stale",),
        journal="the verdict with each check's age; the stand-down with age and limit",
        ends="no entry on it; it clears by itself with the next reading",
        proofs=(
            "tests/engine/test_engine_silent_feeds.py::test_one_feed_silent",
            "tests/market/test_market_readings.py::"
            "test_a_reading_is_late_past_its_warning_age_and_stale_past_its_stand_down_age",
        ),
    ),
    Fault(
        number=35,
        failure="One bad number halts everything, or a halt waits for ever for its confirmation",
        injected="one health factor under 2.00, then a good one; one bad quote; a source that never confirms",
        does="flattens on two readings or two sources; a reading that nobody confirms still blocks entries at once, "
        "and its source's silence stands down by age",
        seen=("health factor … under 2.00, confirmed by …",),
        journal="the halt with its cause and numbers",
        ends="one bad number closes nothing; a real fall closes everything",
        proofs=(
            "tests/engine/test_engine_health_kill.py::test_one_reading_under_2_changes_nothing",
            "tests/engine/test_engine_health_kill.py::test_the_second_reading_flattens_and_halts",
            "tests/engine/test_engine_health_kill.py::test_a_second_source_confirms_at_once",
            "tests/engine/test_engine_drawdown.py::test_one_bad_quote_is_no_drawdown",
            "tests/engine/test_engine_drawdown.py::test_an_open_loss_needs_two_looks",
            "tests/feeds_live/test_chain_aave_engine.py::"
            "test_dead_rpcs_stand_the_engine_down_when_the_reading_is_too_old",
        ),
    ),
    Fault(
        number=41,
        failure="A signal comes from nobody we know, or the same one comes twice",
        injected="signals without a signature, with a wrong one, too old, too new, altered; twenty copies of one",
        does="with a secret set hears only signed, timely signals with an id; an id is traded once, across restarts",
        seen=("401 …",),
        journal="one verdict for one id",
        ends="nothing traded for a stranger; one trade for twenty copies",
        proofs=(
            f"{EXECUTE}test_with_a_secret_set_only_signed_signals_are_heard",
            f"{EXECUTE}test_the_same_id_gets_the_same_answer_and_one_trade",
            "tests/engine/test_engine_restore.py::test_a_signal_answered_before_the_crash_is_not_traded_again",
            "tests/engine/test_engine_signals.py::test_an_expired_signal_is_refused",
        ),
    ),
    Fault(
        number=43,
        failure="Funding of different intervals is compared as if it were the same",
        injected="venues that pay every 8, 4, 2 hours and one; an interval that changes; a payment that contradicts it",
        does="brings every rate to 8 hours, says a change, refuses a contradiction",
        seen=("… funding of … is paid every … h now, was every … h",),
        journal="the spread in every verdict, of rates over 8 h",
        ends="one spread of like with like, or none",
        proofs=(
            f"{READINGS}test_rates_of_other_intervals_are_brought_to_8_hours",
            f"{READINGS}test_a_change_of_interval_is_said_and_a_contradiction_is_refused",
            "tests/market/test_market_readings.py::test_a_spread_without_one_venue_names_it",
        ),
    ),
)
