"""Rows of the matrix about the account as a whole: restarts, modes, clocks, allowances, keys, other hands on it."""

from tests.faults.fault import Fault

ACCOUNT = "tests/faults/test_fault_accounts.py::"
RESTART = "tests/faults/test_fault_restart.py::"

ACCOUNTS = (
    Fault(
        number=5,
        failure="A crash with a position open, and the restart believes it is flat",
        injected="kill -9 with a trade open, in the instant of its entry, and with its close on its way",
        does="takes the trades up from the journal and asks the venue for each of their orders before anything else; "
        "no entry anywhere before every venue was read",
        seen=("… positions and orders not read yet", "… is read", "stop … on venue"),
        journal="the same trade, going on; each execution once",
        ends="the trade with one stop of its size, as before the crash",
        proofs=(
            f"{RESTART}test_05_an_open_trade_outlives_the_engine",
            f"{RESTART}test_05_an_entry_that_was_on_its_way_is_found_and_guarded",
            f"{RESTART}test_05_nothing_is_entered_before_every_venue_was_read",
        ),
    ),
    Fault(
        number=6,
        failure="After a SIGKILL, working orders are forgotten",
        injected="kill -9 between the request and its answer, for an entry, a stop and a target",
        does="has the entry in the journal before it leaves; asks for every order by its id; takes back what carries "
        "our mark and nobody waits for",
        seen=("… is read",),
        journal="every order at the venue",
        ends="what the engine knows to be open is what is open",
        proofs=(f"{RESTART}test_06_every_order_at_the_venue_is_known_after_a_kill",),
    ),
    Fault(
        number=19,
        failure="The account is in hedge mode (-4061)",
        injected="the venue's position mode is hedged",
        does="reads the mode back and does not arm",
        seen=("… not armed: position mode.…: expected one-way mode, was hedged…",),
        journal="the refused arming with its reason",
        ends="nothing sent",
        proofs=(f"{ACCOUNT}test_19_a_hedged_account_is_not_armed",),
    ),
    Fault(
        number=20,
        failure="Leverage is not what was asked for, or was changed under a position",
        injected="the account's leverage and margin mode differ from the config, with and without a position",
        does="reads them back and does not arm; never sets them: no such call can leave",
        seen=("… not armed: margin.…: … has leverage 20, expected at most 5…",),
        journal="the refused arming with its reason",
        ends="the account as the operator left it",
        proofs=(f"{ACCOUNT}test_20_leverage_and_margin_mode_are_compared_and_never_touched",),
    ),
    Fault(
        number=29,
        failure="The clock is off, and requests are refused (-1021)",
        injected="the venue's clock jumps by twelve seconds, forward and back, with a position open",
        does="compares clocks at the first refusal and signs with the venue's time; arming names the difference",
        seen=("… not armed: clock.…: expected at most 1000 ms, was: …",),
        journal="the close and the stop as ever",
        ends="exits go out signed; no entry is armed on such a clock",
        proofs=(
            f"{ACCOUNT}test_29_an_exit_is_signed_with_the_venues_clock",
            f"{ACCOUNT}test_29_a_clock_that_is_off_is_not_armed",
        ),
    ),
    Fault(
        number=30,
        failure="Banned for too many requests (418, 429), and no way out",
        injected="the request allowance nearly used up; a ban of some seconds with a position open",
        does="keeps a share of the allowance for exits: entries are refused before it is gone; waits as told, and then "
        "gets out",
        seen=("… never opened: … request allowance … used: entries go out up to …, the rest is kept for exits",),
        journal="the entry refused with both shares",
        ends="exits still go out; flat after a ban",
        proofs=(
            f"{ACCOUNT}test_30_the_last_of_the_allowance_is_kept_for_exits",
            f"{ACCOUNT}test_30_after_a_ban_it_gets_out",
        ),
    ),
    Fault(
        number=31,
        failure="The key is revoked while a position is open, and it goes on opening",
        injected="the venue refuses our key (-2015, 50111) with a trade open",
        does="halts, says so in red, keeps trying its exits, and goes on with them once the key works",
        seen=("HALTED: … refuses our keys: …",),
        journal="the halt with the venue's words",
        ends="nothing opened; the stop still rests at the venue; flat once the key is back",
        proofs=(f"{ACCOUNT}test_31_lost_keys_halt_and_exits_go_on_being_tried",),
    ),
    Fault(
        number=32,
        failure="Closed by hand, liquidated, deleveraged: a ghost trade stays",
        injected="somebody closes our position in the app, in part and whole; liquidation; auto-deleveraging",
        does="sees it in the venue's position, closes the trade or makes it smaller, sweeps its orders, trades nothing "
        "there before all agree",
        seen=("…: … on …, order …, which is not ours", "… closed: … by outside"),
        journal="the trade closed, reason outside",
        ends="no trade without a position, no order left behind",
        proofs=(
            f"{ACCOUNT}test_32_a_position_that_somebody_else_closed_ends_its_trade",
            f"{ACCOUNT}test_32_a_position_that_somebody_else_opened_is_never_traded_past",
        ),
    ),
    Fault(
        number=33,
        failure="Paper mode sends real orders",
        injected="a paper session with keys in the environment and venues that listen; its exits too",
        does="has no account that could sign in paper mode, and cannot make one",
        seen=("… sent to …",),
        journal="paper fills",
        ends="not one request at the venues",
        proofs=(f"{ACCOUNT}test_33_paper_sends_nothing_to_anybody",),
    ),
    Fault(
        number=36,
        failure="Two processes trade one account",
        injected="a second engine on the same profile; orders at the venue that carry another cockpit's mark",
        does="one lock for one profile; another mark at the venue halts",
        seen=("HALTED: another cockpit trades this account: …",),
        journal="the halt, with the order that gave it away",
        ends="one of the two trades; nobody's orders are touched but by a flatten",
        proofs=(
            "tests/runtime/test_runtime_headless.py::test_a_second_engine_is_told_who_holds_the_profile",
            "tests/runtime/test_runtime_lock.py::test_the_second_one_is_told_who_holds_it",
            f"{ACCOUNT}test_36_another_cockpits_order_halts",
        ),
    ),
)
