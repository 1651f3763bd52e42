"""Every line of words on the page is read, and every command of the words is on the page."""

import re

import pytest

from cockpit.domain.command_line import completions, read_line
from cockpit.domain.line_tokens import Known, OpenTrade
from cockpit.domain.verdict import Target
from tests.docs.pages import page

PAGE = page("trading-by-hand.md")
KNOWN = Known(
    prices={"BTC": 108_402.0, "ETH": 4_000.0},
    trades=(OpenTrade("t000002", "ETH"), OpenTrade("t000003", "BTC")),
    venues=("binance", "okx"),
    templates={"scalp": (Target(25.0, 100.0),), "single": (Target(50.0, 100.0),)},
)
ROWS = [row.split("|")[1] for row in PAGE.splitlines() if row.startswith("| `")]
LINES = [line for row in ROWS if "..." not in row for line in re.findall(r"`([^`]+)`", row)]


@pytest.mark.parametrize("line", LINES)
def test_the_words_are_read(line: str) -> None:
    read = read_line(line, KNOWN)
    assert read.calls or line.startswith("risk ")


def test_what_may_follow_an_entry_is_read() -> None:
    (row,) = [row for row in ROWS if "..." in row]
    for ending in re.findall(r"`(?:\.\.\. )?([^`]+)`", row):
        words = ending if re.match(r"[a-z]", ending) else f"targets {ending}"
        assert read_line(f"long btc 30 {words}", KNOWN).calls, ending


def test_every_command_is_on_the_page() -> None:
    named = {word for line in LINES for word in line.split()[:1]}
    assert {"buy", "sell", *named} >= set(completions("", KNOWN))
