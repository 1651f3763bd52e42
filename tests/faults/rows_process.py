"""Rows of the matrix about the process: restarts, two of them, terminals, memory, the journal's disk, secrets."""

from tests.faults.fault import Fault

HEADLESS = "tests/runtime/test_runtime_headless.py::"

PROCESS = (
    Fault(
        number=34,
        failure="A restart forgets what the day has lost",
        injected="losses, then a restart; a kill at any instant; a journal whose memory is older than its trades",
        does="brings the day's account up from the trades in the journal; peaks only grow, a day only ends at midnight",
        seen=("restored … open trade…, … order…; …",),
        journal="the account after every trade",
        ends="the same loss, the same count, the same halt as before",
        proofs=(
            "tests/engine/test_engine_restore.py::test_the_day_goes_on_with_its_losses_and_counts",
            "tests/journal/test_restore.py::test_an_account_older_than_its_trades_is_brought_up_from_them",
            "tests/journal/test_restore.py::test_the_rebuilt_account_is_the_accountants_own",
            "tests/runtime/test_runtime_kill.py::test_nothing_acknowledged_is_lost_by_a_kill",
        ),
    ),
    Fault(
        number=37,
        failure="A lost terminal kills the trader, or a polite end leaves orders behind",
        injected="the terminal is closed, SIGHUP, SIGTERM with trades open and an entry resting",
        does="the engine is another process and does not hear a hang-up; SIGTERM takes back what has not filled and "
        "waits until every position has its stop",
        seen=("ending (SIGTERM): open trades keep their stops",),
        journal="the disarm, and each cancelled entry",
        ends="positions with their stops resting on the venue, no entry; the next start takes them over",
        proofs=(
            "tests/tui/test_tui_attach.py::test_the_engine_outlives_every_end_of_the_screen",
            f"{HEADLESS}test_sigint_ends_it_like_sigterm_and_sighup_does_nothing",
            f"{HEADLESS}test_sigterm_leaves_open_trades_with_their_stops_for_the_next_start",
            "tests/faults/test_fault_process.py::test_37_the_end_takes_back_what_rests_and_leaves_stops",
        ),
    ),
    Fault(
        number=38,
        failure="The screen lives and the engine is dead, or a part of it died without a word",
        injected="the engine goes away, or stays connected and says nothing; a worker raises an error",
        does="the screen counts the seconds since the engine's last word and names the way out; a worker is restarted "
        "and its feed is down meanwhile",
        seen=("ENGINE LOST … s", "STALE … s", "cockpit flatten"),
        journal="the feed's fall as a stand-down",
        ends="nobody takes old numbers for new ones",
        proofs=(
            "tests/tui/test_tui_flatten.py::test_a_lost_engine_is_said_with_how_long_and_what_was_known_is_grey",
            "tests/tui/test_tui_flatten.py::test_a_silent_engine_is_stale_although_the_link_holds",
            "tests/runtime/test_runtime_supervisor.py::test_a_dead_worker_is_visible_at_once_and_the_others_run_on",
            "tests/runtime/test_runtime_host.py::test_a_fault_halts_entries_and_the_exits_go_on",
        ),
    ),
    Fault(
        number=39,
        failure="Memory grows until the machine ends the process",
        injected="a reader that stops for a million events; ten times more news than is kept; clients that never read",
        does="every queue, log and list has a bound; what conflates is conflated, who does not read is let go",
        seen=("the log has a gap here: older entries are in the journal",),
        journal="everything: what memory forgets is there",
        ends="the same size after a day as after a minute",
        proofs=(
            "tests/runtime/test_runtime_inbox.py::test_memory_stays_bounded_while_nobody_takes",
            "tests/tui/test_tui_store.py::test_it_does_not_grow_for_ever",
            "tests/api/test_api_slow_clients.py::test_a_deaf_client_is_dropped_and_the_others_go_on",
            "tests/journal/test_journal_trouble.py::"
            "test_more_than_memory_should_hold_goes_to_the_side_file_and_comes_back_in_order",
        ),
    ),
    Fault(
        number=40,
        failure="The database is locked at the moment of a fill",
        injected="another process holds the journal's file while a trade fills, and before an entry",
        does="exits never wait for the journal, which gets everything later; an entry it cannot take is not sent",
        seen=("… never opened: expected the journal to have it within … ms, was …: not sent",),
        journal="everything, in order, once the lock is gone",
        ends="the position is protected and closed as ever; no entry that a crash could make us forget",
        proofs=(
            "tests/runtime/test_runtime_host.py::test_a_locked_journal_stops_nothing_is_seen_and_gets_everything_later",
            "tests/faults/test_fault_process.py::test_40_a_locked_journal_lets_nothing_in_and_everything_out",
        ),
    ),
    Fault(
        number=44,
        failure="A key is written to a log",
        injected="keys that are easy to find, in every address, header and refusal; every library logging everything",
        does="masks what is somebody else's words before it is written, and never writes a key",
        seen=("***",),
        journal="no key",
        ends="no key in any log, journal, recording, notice or screen",
        proofs=(
            "tests/faults/test_fault_accounts.py::test_44_no_key_is_written_anywhere",
            "tests/feeds_live/test_chain_masking.py::test_the_canary_is_in_no_log_and_no_event",
            "tests/journal/test_journal_secrets.py::test_a_secret_of_the_environment_is_in_no_file",
            "tests/api/test_api_guard.py::test_every_refusal_is_counted_and_logged_and_no_secret_ever_is",
        ),
    ),
)
