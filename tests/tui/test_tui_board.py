"""A board repaints the cells that changed, and no terminal ever gets more from it than harmless characters."""

from hypothesis import given
from hypothesis import strategies as st

from cockpit.tui.board import changed_runs
from cockpit.tui.picture import Appearance, Cell, Face, bare

CELLS = st.lists(st.tuples(st.sampled_from("ab \u2588"), st.sampled_from(("text", "bad"))), min_size=1, max_size=60)


def row(text: str, cells: int) -> list[Cell]:
    return bare(Face((((text, "text"),),)), Appearance(), cells, 1)[0]


@given(CELLS, st.data())
def test_repainting_the_changed_runs_makes_the_new_row(before: list[Cell], data: st.DataObject) -> None:
    after = data.draw(st.lists(st.sampled_from(before), min_size=len(before), max_size=len(before)))
    painted = list(before)
    for first, beyond in changed_runs(before, after):
        painted[first:beyond] = after[first:beyond]
    assert painted == after


@given(CELLS)
def test_nothing_is_repainted_when_nothing_changed(cells: list[Cell]) -> None:
    assert changed_runs(cells, list(cells)) == []


def test_far_changes_are_two_runs_and_near_ones_are_one() -> None:
    before = [(character, "text") for character in "a" * 60]
    near = [("b" if x in (3, 8) else "a", "text") for x in range(60)]
    far = [("b" if x in (3, 50) else "a", "text") for x in range(60)]
    assert changed_runs(before, near) == [(3, 9)]
    assert changed_runs(before, far) == [(3, 4), (50, 51)]


def test_a_wide_character_is_never_split() -> None:
    before, after = row("a漢b", 6), row("a字b", 6)
    assert changed_runs(before, after) == [(1, 2)] or changed_runs(before, after) == [(1, 3)]
    narrower = row("axyb", 6)
    assert changed_runs(before, narrower) == [(1, 3)]
    assert changed_runs(narrower, before) == [(1, 3)]


def test_a_row_that_is_too_long_says_so() -> None:
    assert "".join(character for character, _ in row("abcdefgh", 5)) == "abcd…"
    assert "".join(character for character, _ in row("abc漢h", 5)) == "abc …"
