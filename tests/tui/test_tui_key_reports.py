"""Whatever a terminal sends: keys are keys, pastes are text, and nothing ends the reading of them."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key, Paste
from textual.message import Message

from cockpit.tui.driver import LONGEST_PASTE, Reader


def read(*pieces: bytes, every_s: float = 0.0, escape_s: float = 0.1) -> list[Message]:
    """What a screen is told of these pieces, one every so often, with enough time at the end."""
    reader, messages, now_s = Reader(escape_s), [], 100.0
    for piece in pieces:
        messages += reader.feed(piece, now_s)
        for _ in range(max(1, round(every_s / 0.05))):
            now_s += min(every_s, 0.05)
            messages += reader.tick(now_s)
    for _ in range(60):
        now_s += 0.05
        messages += reader.tick(now_s)
    return messages


def keys(messages: Sequence[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, Key)]


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        (b"\x1b[24~", "f12"),
        (b"\x1b[24;1~", "f12"),
        (b"\x1b[24;1:1~", "f12"),
        (b"\x1b[24;1:2~", "f12"),
        (b"\x1b[24:0:0;1:1;~", "f12"),
        (b"\x1b[P", "f1"),
        (b"\x1b[1;1:1P", "f1"),
        (b"\x1bOP", "f1"),
        (b"\x1b[[A", "f1"),
        (b"\x1b[97u", "a"),
        (b"\x1b[97;1:1;97u", "a"),
        (b"\x1b[97:65;2;65u", "A"),
        (b"\x1b[107;5u", "ctrl+k"),
        (b"\x1b[1083::107;5u", "ctrl+k"),
        (b"\x1b[1083;5u", "ctrl+k"),
        (b"\x1b[1083::107;5:1u", "ctrl+k"),
        (b"\x1b[92;5u", "ctrl+backslash"),
        (b"\x1c", "ctrl+backslash"),
        (b"\x0b", "ctrl+k"),
        (b"\x1b[27u", "escape"),
        (b"\x1b[A", "up"),
        (b"\x1b[1;1:1A", "up"),
        (b"\x1b[1;5A", "ctrl+up"),
        (b"\x1b[5~", "pageup"),
        (b"\x1b[Z", "shift+tab"),
        (b"\x1b[13u", "enter"),
        (b"\r", "enter"),
        (b"h", "h"),
        (b"\x1bh", "alt+h"),
        (b"\x1b", "escape"),
    ],
)
def test_a_report_is_its_key_however_it_is_told(sent: bytes, key: str) -> None:
    assert keys(read(sent)) == [key]


def test_a_letter_of_another_layout_is_typed_as_it_is() -> None:
    (typed,) = read(b"\x1b[1092::97;1;1092u")
    assert isinstance(typed, Key) and typed.character == "ф"


@pytest.mark.parametrize(
    "sent",
    [
        b"\x1b[1092::97;1:3u", b"\x1b[24;1:3~", b"\x1b[99999999;1u", b"\x1b[55296u", b"\x1b[31m", b"\x1b]0;title\x07",
        b"\x1bP>|term\x1b\\", b"\x1b[" + b"1" * 5_000 + b"u", b"\x1b[?62;c", b"\x1b[" + b"9" * 200,
    ],
)  # fmt: skip
def test_what_no_key_could_be_is_nothing_and_the_next_key_is_heard(sent: bytes) -> None:
    assert [key for key in keys(read(sent, b"\x1b[24~", every_s=1.5)) if key != "f12"] == []
    assert keys(read(sent, b"\x1b[24~", every_s=1.5))[-1:] == ["f12"]


def test_an_odd_report_is_a_letter_or_nothing_and_the_next_key_is_heard() -> None:
    assert keys(read(b"\x1b[1092::97;u", b"\x1b[24~"))[-1] == "f12"


@pytest.mark.parametrize("at", range(1, 5))
@pytest.mark.parametrize("every_s", [0.0, 0.05, 0.3, 0.8])
def test_f12_in_two_pieces_over_a_slow_line_is_f12(at: int, every_s: float) -> None:
    sent = b"\x1b[24~"
    found = keys(read(sent[:at], sent[at:], every_s=every_s))
    assert [key for key in found if key != "escape"] == ["f12"]
    assert "escape" not in found or at == 1


def test_over_a_slow_line_an_escape_waits_longer_for_its_rest() -> None:
    assert keys(read(b"\x1b", b"[24~", every_s=0.3, escape_s=0.4)) == ["f12"]


def test_escape_and_then_what_only_looks_like_a_rest_are_two_keys() -> None:
    assert keys(read(b"\x1b", b"[", every_s=0.5)) == ["escape", "left_square_bracket"]


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_paste_is_text_without_its_codes(pieces: int) -> None:
    sent = b"\x1b[200~the \x1b[31;1mnews\x1b[0m,\r\nread\x1b]0;x\x07 \x07twice\x1b[201~h"
    step = -(-len(sent) // pieces)
    found = read(*(sent[start : start + step] for start in range(0, len(sent), step)))
    assert [message.text for message in found if isinstance(message, Paste)] == ["the news, read twice"]
    assert keys(found) == ["h"]


def test_a_paste_without_an_end_is_over_after_a_while_and_a_huge_one_is_cut() -> None:
    found = read(b"\x1b[200~" + b"\x1b[31mx" * 200_000, b"\x1b[24~", every_s=3.0)
    (pasted,) = (message for message in found if isinstance(message, Paste))
    assert 0 < len(pasted.text) <= LONGEST_PASTE
    assert keys(found) == ["f12"]


@given(st.lists(st.binary(max_size=40) | st.from_regex(rb"\A\x1b\[[0-9:;<?$]{0,12}[@-~]?\Z"), max_size=6))
def test_nothing_that_is_sent_ends_the_reading(pieces: list[bytes]) -> None:
    found = keys(read(*pieces, b"\x1b\\\x07\x1b[201~", b"\x1b[24~", every_s=1.2))
    assert found[-1:] == ["f12"]
