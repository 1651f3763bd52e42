"""The pre-flight checklist: what fails, what warns, and that it neither shows a secret nor changes anything."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from cockpit.config.load import load_config
from cockpit.config.places import Places, shipped_config_path
from cockpit.config.secrets import Secrets
from cockpit.domain.account import Account, EngineMemory, Halt
from cockpit.domain.actions import MemoryChanged
from cockpit.domain.kinds import EngineState, Mode
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal
from cockpit.preflight.checklist import Checklist, Item, Standing
from cockpit.preflight.checklist_text import checklist_json, checklist_lines
from cockpit.preflight.checks import preflight

CANARY = "canary-3d9e"
KEYS = {f"COCKPIT_OKX_{name}": f"{CANARY}-{name}" for name in ("API_KEY", "SECRET", "PASSWORD")}
NOWHERE = {"COCKPIT_OKX_REST_URL": "http://127.0.0.1:9", "COCKPIT_OKX_WS_URL": "ws://127.0.0.1:9"}
VENUE_ONLY = [f"{name}.okx" for name in ("permissions", "clock", "position mode", "stop capability")]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "home", shipped_config_path())


def checked(
    places: Places, *overrides: str, mode: Mode = Mode.PAPER, environ: dict[str, str] | None = None
) -> Checklist:
    secrets = Secrets(environ or {}, lambda _: None)
    return preflight(places, load_config(places.config, overrides), mode, secrets, NOWHERE)


def item(checklist: Checklist, name: str) -> Item:
    found = [item for item in checklist.items if item.name == name]
    assert len(found) == 1, f"{name} among {[item.name for item in checklist.items]}"
    return found[0]


def failing(checklist: Checklist) -> list[str]:
    return [item.name for item in checklist.items if not item.ok]


def test_the_shipped_config_is_ready_for_paper(places: Places) -> None:
    checklist = checked(places)
    assert checklist.ok
    assert failing(checklist) == []


def test_looking_changes_nothing(places: Places, tmp_path: Path) -> None:
    checked(places)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("overrides", "name", "standing", "detail"),
    [
        (["enabled=false"], "config", Standing.FAIL, "expected enabled: true, was false"),
        (["setups.sol_fee_fade.enabled=false"], "setups", Standing.OK, "3 of 4 enabled: "),
        (["bands.BTC.lower=[]"], "setups", Standing.FAIL, "expected bands for btc_lower_band_long, were none"),
        (
            ["bands.BTC.lower=[]", "setups.btc_lower_band_long.enabled=false"],
            "setups",
            Standing.OK,
            "3 of 4 enabled: ",
        ),
        (
            [],
            "arithmetic.btc_lower_band_long",
            Standing.OK,
            "29.05 USD asked, traded 21.68 (2 lots at 108,402); a stop of 28 bps loses 0.0824 USD",
        ),
        ([], "arithmetic.btc_lower_band_long", Standing.OK, "58.0 % wins that fill every rung, at 83.5 % that fill"),
        (
            [],
            "arithmetic.btc_upper_band_short",
            Standing.WARN,
            "x 0.8 is still 1 lot; x 0.5 is denied: under one order",
        ),
        ([], "limits that cannot bind", Standing.OK, "100 USD daily loss: the 19.92 drawdown comes first; "),
        (["market_context.prices_usd.BTC=300000"], "arithmetic.btc_lower_band_long", Standing.FAIL, "always denied"),
        (["venues.okx.taker_fee_bps=8"], "arithmetic.squeeze_guard.XRP", Standing.WARN, "the way up asks 60 % only"),
        (["venues.okx.taker_fee_bps=20"], "arithmetic.squeeze_guard.XRP", Standing.FAIL, "no win rate breaks even"),
        (
            ["assets.BTC.trade_on=binance"],
            "minimum.btc_lower_band_long",
            Standing.FAIL,
            "binance: under its smallest order of 0.001 (108.40 USD); okx: can trade",
        ),
        ([], "minimum.btc_lower_band_long", Standing.OK, "29.05 USD of BTC on okx; binance: under its smallest order"),
        ([], "minimum.sol_fee_fade", Standing.WARN, "no price in the market context, so whole lots were not checked"),
        (["market_context.prices_usd.SOL=200"], "minimum.sol_fee_fade", Standing.OK, "okx: can trade"),
        (["market_context.prices_usd.SOL=2600"], "minimum.sol_fee_fade", Standing.FAIL, "under its smallest order of"),
        ([], "market context", Standing.WARN, "short % of SOL, ETH; funding of SOL, XRP, ETH"),
        (["market_context.funding_bps.BTC={}"], "market context", Standing.WARN, "funding of BTC on okx"),
        (
            ["limits.max_notional_usd=2000"],
            "limits",
            Standing.FAIL,
            "at most the hot wallet (1660.00 USD), was 2000.00",
        ),
        (["limits.max_notional_usd=40"], "limits", Standing.FAIL, "expected the base unit at most max_notional_usd"),
        (
            ["limits.session_drawdown_pct=7"],
            "limits",
            Standing.FAIL,
            "expected the session drawdown at most daily_loss",
        ),
        ([], "kill switch", Standing.OK, "5 losses in a row, 1.2 % drawdown, health factor under 2.00; ending"),
        (["kill_switch.flatten_on_kill=false"], "kill switch", Standing.WARN, "flatten_on_kill is false"),
        ([], "cold storage", Standing.OK, "Ledger, 6600 USD: read-only"),
        ([], "aave", Standing.WARN, "not watched (aave.address is null): paper passes with a warning"),
        ([f"aave.address=0x{'ab' * 20}"], "aave", Standing.OK, "0xabab...abab on ethereum is watched"),
        ([], "home", Standing.OK, "can be made"),
        ([], "journal", Standing.OK, "none yet: journal.sqlite is made at the first start"),
    ],
)
def test_each_item(overrides: Sequence[str], name: str, standing: Standing, detail: str, places: Places) -> None:
    found = item(checked(places, *overrides), name)
    assert found.standing is standing
    assert detail in found.detail


@pytest.mark.parametrize("mode", [Mode.TEST, Mode.LIVE])
def test_real_money_needs_the_venues_own_word(mode: Mode, places: Places) -> None:
    checklist = checked(places, mode=mode, environ=KEYS)
    drill = ["drill"] if mode is Mode.LIVE else []
    assert failing(checklist) == ["aave", "way up", "account.okx", *drill]
    assert "expected okx to be reachable, was: " in item(checklist, "account.okx").detail


def test_a_venue_without_keys_is_not_asked(places: Places) -> None:
    checklist = checked(places, mode=Mode.TEST)
    assert failing(checklist) == ["aave", "way up", "keys.okx", *VENUE_ONLY]
    for name in VENUE_ONLY:
        assert item(checklist, name).detail == "not checked: no okx keys"


def test_the_way_up_says_what_it_lacks(places: Places) -> None:
    without = item(checked(places, mode=Mode.TEST), "way up").detail
    assert without.startswith("locked: paper hours on the live feed: expected 24, was 0.0; ")
    write_journal(places, FeedKind.SIMULATED, None)
    assert item(checked(places, mode=Mode.TEST), "way up").detail == without


def test_the_way_up_names_only_what_is_missing(places: Places) -> None:
    nothing_asked = [f"modes.way_up.{key}" for key in ("paper_hours=0", "test_days=0")]
    detail = item(checked(places, *nothing_asked, mode=Mode.LIVE), "way up").detail
    assert "hours" not in detail
    assert "paper trades closed: expected at least 30, was 0" in detail


def test_paper_asks_for_no_key(places: Places) -> None:
    def never(name: str) -> str | None:
        raise AssertionError(f"asked for {name}")

    config = load_config(places.config)
    assert preflight(places, config, Mode.PAPER, Secrets({}, never)).ok


def test_missing_keys_are_named(places: Places) -> None:
    found = item(checked(places, mode=Mode.TEST), "keys.okx")
    assert not found.ok
    assert "COCKPIT_OKX_API_KEY, COCKPIT_OKX_SECRET, COCKPIT_OKX_PASSWORD" in found.detail


def test_keys_are_never_shown(places: Places) -> None:
    checklist = checked(places, mode=Mode.LIVE, environ=KEYS)
    assert item(checklist, "keys.okx").ok
    assert CANARY not in checklist_json(checklist) + "\n".join(checklist_lines(checklist)) + repr(checklist)


def test_an_unwatched_wallet_needs_an_explicit_word_in_test(places: Places) -> None:
    assert item(checked(places, mode=Mode.TEST), "aave").standing is Standing.FAIL
    assert item(checked(places, "aave.required=false", mode=Mode.TEST), "aave").standing is Standing.WARN


def test_a_home_that_is_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    found = item(checked(Places(tmp_path / "home", shipped_config_path())), "home")
    assert not found.ok
    assert "expected a directory at" in found.detail


def write_journal(places: Places, feed: FeedKind, halt: Halt | None) -> None:
    places.make_home()
    journal = Journal(places.journal)
    journal.begin(SessionInfo(1, 1, feed, Mode.PAPER, "", "0"))
    account = Account(utc_day=0, session_started_ns=1, halt=halt)
    state = EngineState.HALTED if halt else EngineState.DISARMED
    journal.append([MemoryChanged(2, EngineMemory(Mode.PAPER, state, account, 1, 1))])
    assert journal.close()


def test_a_journal_that_opens(places: Places) -> None:
    write_journal(places, FeedKind.SIMULATED, None)
    checklist = checked(places)
    assert checklist.ok
    assert "journal.sqlite opens" in item(checklist, "journal").detail
    assert not [item for item in checklist.items if item.name.startswith("halt")]


@pytest.mark.parametrize(("feed", "standing"), [(FeedKind.LIVE, Standing.FAIL), (FeedKind.SIMULATED, Standing.WARN)])
def test_a_halt_in_the_journal_is_shown(feed: FeedKind, standing: Standing, places: Places) -> None:
    write_journal(places, feed, Halt(1_760_832_000_000_000_000, "losses", "5 losses in a row"))
    found = item(checked(places), f"halt.{feed.value}")
    assert found.standing is standing
    assert "halted since 2025-10-19T00:00:00.000Z: 5 losses in a row" in found.detail


def test_a_journal_that_is_none(places: Places) -> None:
    places.make_home()
    places.journal.file.write_bytes(b"this is no database at all, not even a short one" * 50)
    found = item(checked(places), "journal")
    assert not found.ok
    assert "was unreadable (file is not a database)" in found.detail


def test_the_text_fits_80_columns_and_holds_the_arithmetic(places: Places) -> None:
    lines = list(checklist_lines(checked(places, mode=Mode.TEST)))
    wide = [line for line in lines if len(line) > 80 and " " in line.strip()[8:]]
    assert not wide
    row = next(line for line in lines if line.startswith("btc_lower_band_long"))
    assert row.split() == ["btc_lower_band_long", "21.68", "2", "28", "0.082", "40/20", "58.0/83.5", "1213/241"]
    assert lines[-1].startswith("NOT READY for test: ")


def test_the_json_is_the_contracts(places: Places) -> None:
    found = json.loads(checklist_json(checked(places, "enabled=false")))
    assert found["ok"] is False
    assert {"name": "config", "ok": False}.items() <= found["checks"][0].items()
    assert all({"name", "ok", "detail"} <= set(check) for check in found["checks"])
