"""Text from outside is harmless and takes exactly the cells it is given."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cockpit.tui.glyphs import ASCII, RICH, to_ascii
from cockpit.tui.text import clean, cut, left, line_width, right, shortened, width, wrap, wrap_line

ANY = st.text(st.characters(), max_size=80)


@given(ANY)
def test_cleaned_text_has_nothing_that_moves_a_cursor(text: str) -> None:
    cleaned = clean(text)
    assert all(unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in cleaned)
    assert clean(cleaned) == cleaned


@given(ANY, st.integers(0, 40))
def test_a_shortened_sentence_fits(text: str, cells: int) -> None:
    assert cell_len(shortened(text, cells)) <= cells
    assert width(clean(text)) > cells or shortened(text, cells) == clean(text)


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (70, "squeeze: up 64.7 bps in 4m48s (BTC), limit 60: no short into it"),
        (60, "squeeze: up 64.7 bps in 4m48s (BTC), limit 60"),
        (40, "squeeze: up 64.7 bps in 4m48s, limit 60"),
        (30, "squeeze: up 64.7 bps in 4m48s"),
        (20, "squeeze: up 64.7 bp…"),
    ],
)
def test_what_explains_a_sentence_goes_before_its_numbers(cells: int, shown: str) -> None:
    assert shortened("squeeze: up 64.7 bps in 4m48s (BTC), limit 60: no short into it", cells) == shown


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (99, "in trade since 14:01:15; out after 60 s above 110,050.0, or 180 s of rising basis"),
        (60, "in trade since 14:01:15; out after 60 s above 110,050.0"),
        (46, "in trade since 14:01:15"),
    ],
)
def test_what_comes_after_it_goes_part_by_part(cells: int, shown: str) -> None:
    whole = "in trade since 14:01:15; out after 60 s above 110,050.0, or 180 s of rising basis (one-minute medians)"
    assert shortened(whole, cells) == shown


def test_what_is_left_of_a_sentence_has_its_number() -> None:
    assert shortened("no data on Jito tips: 9.62e-06 SOL", 30) == "no data on Jito tips: 9.62e-0…"


@given(ANY, st.integers(0, 40))
def test_fitted_text_takes_exactly_its_cells(text: str, cells: int) -> None:
    assert cell_len(left(text, cells)) == cells
    assert cell_len(right(text, cells)) == cells
    assert cell_len(cut(text, cells)) <= cells


@given(ANY, st.integers(2, 40))
def test_wrapped_rows_fit(text: str, cells: int) -> None:
    assert all(cell_len(row) <= cells for row in wrap(text, cells))


@given(st.lists(st.tuples(ANY.map(clean), st.just("text")), min_size=1, max_size=4), st.integers(2, 40))
def test_rows_of_a_wrapped_line_fit_and_have_its_words(line: list[tuple[str, str]], cells: int) -> None:
    rows = wrap_line(tuple(line), cells)
    assert all(line_width(row) <= cells for row in rows)
    assert "".join("".join(text for text, _ in row) for row in rows).split() or not "".join(t for t, _ in line).split()


def test_a_wrapped_line_goes_on_as_far_in_as_it_began() -> None:
    line = (("  107,600-107,850: estimated 9.4M USD", "text"), (" of longs, within 3 % below", "dim"))
    assert ["".join(text for text, _ in row) for row in wrap_line(line, 36)] == [
        "  107,600-107,850: estimated 9.4M", "  USD of longs, within 3 % below",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("\x1b[2J", "\ufffd[2J"),
        ("a\nb\tc\r", "a\ufffdb\ufffdc\ufffd"),
        ("\x9b31m", "\ufffd31m"),
        ("\u202eabc", "\ufffdabc"),
        ("[/x]", "[/x]"),
        ("e\u0301", "e\ufffd"),
        ("שלום", "\ufffd" * 4),
    ],
)
def test_hostile_text_is_replaced_character_by_character(hostile: str, harmless: str) -> None:
    assert clean(hostile) == harmless


def test_ten_kilobytes_are_cut() -> None:
    assert len(clean("é" * 10_000)) == 2_000


@given(ANY)
def test_ascii_is_ascii(text: str) -> None:
    assert to_ascii(clean(text)).isascii()


def test_every_sign_has_an_ascii_twin() -> None:
    for name, sign in ASCII._asdict().items():
        assert sign.isascii(), name
        assert name in RICH._fields
    assert all(len(glyphs.frame) == len(glyphs.heavy) == 6 for glyphs in (RICH, ASCII))
