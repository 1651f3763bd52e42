"""The prefix of a profile's order ids: made once, and anew with a new journal."""

import re
from pathlib import Path

import pytest

from cockpit.config.load import load_config
from cockpit.config.places import Places, shipped_config_path
from cockpit.config.secrets import MissingKeys, Secrets
from cockpit.domain.kinds import Mode
from cockpit.execution.accounts import PaperSignsNothing, accounts_of
from cockpit.runtime.profile_prefix import (
    FILE_NAME,
    forget_with_an_older_journal,
    forget_with_the_journal,
    known_prefix,
    order_prefix,
    used_in,
)

KEYS = {f"COCKPIT_OKX_{name}": "canary" for name in ("API_KEY", "SECRET", "PASSWORD")}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "home", Path("unused"))
    found.make_home()
    return found


def test_it_is_made_once(places: Places) -> None:
    assert known_prefix(places) is None
    made = order_prefix(places)
    assert re.fullmatch("[a-z0-9]{6}", made)
    assert order_prefix(places) == made == known_prefix(places)
    assert (places.home / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_new_journal_counts_from_one_again_and_needs_another(places: Places) -> None:
    places.journal.file.touch()
    made = order_prefix(places)
    forget_with_the_journal(places)
    assert known_prefix(places) == made
    places.journal.file.unlink()
    forget_with_the_journal(places)
    assert known_prefix(places) is None


@pytest.mark.parametrize("text", ["", "short", "UPPERC", "toolong7", "a b c d"])
def test_what_could_be_no_prefix_is_replaced(text: str, places: Places) -> None:
    (places.home / FILE_NAME).write_text(text)
    assert known_prefix(places) is None
    assert re.fullmatch("[a-z0-9]{6}", order_prefix(places))


def test_paper_cannot_make_an_account_that_signs() -> None:
    with pytest.raises(PaperSignsNothing, match="expected test or live mode"):
        accounts_of(load_config(shipped_config_path()), ["okx"], Mode.PAPER, Secrets(KEYS, lambda _: None), {})


def test_every_missing_key_is_named_at_once() -> None:
    with pytest.raises(MissingKeys, match=r"COCKPIT_BINANCE_API_KEY, COCKPIT_BINANCE_SECRET.*COCKPIT_OKX_API_KEY"):
        accounts_of(load_config(shipped_config_path()), ["binance", "okx"], Mode.TEST, Secrets({}, lambda _: None), {})


def test_an_account_never_shows_its_keys() -> None:
    accounts = accounts_of(load_config(shipped_config_path()), ["okx"], Mode.TEST, Secrets(KEYS, lambda _: None), {})
    assert list(accounts) == ["okx"]
    assert "canary" not in repr(accounts)


def test_an_older_journal_put_back_makes_a_new_prefix_and_the_same_one_does_not(places: Places) -> None:
    made = order_prefix(places)
    forget_with_an_older_journal(places, 0)
    assert known_prefix(places) == made, "no session used it yet"
    used_in(places, 200)
    assert known_prefix(places) == made
    assert (places.home / FILE_NAME).stat().st_mode & 0o777 == 0o600
    for newest in (200, 300):
        forget_with_an_older_journal(places, newest)
        assert order_prefix(places) == made
    forget_with_an_older_journal(places, 100)
    assert order_prefix(places) != made
