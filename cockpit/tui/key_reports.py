"""What a terminal sends, made into what Textual's parser knows: whole key reports in their plainest form, or nothing.

Terminals report keys in more ways than that parser reads, and one it cannot read ends its thread: the screen would be
deaf to F12. A slow line delivers a report in pieces, which would be typed as text. A paste is text, whatever is in it.
"""

import re
from collections.abc import Generator, Iterator

from cockpit.tui.text import without_controls

ESCAPE_S = 0.1
"""A lone ESC is the Esc key when nothing has followed it for so long."""
PIECES_S = 1.0
"""So long the rest of a broken report is waited for, also when its ESC has been taken for the Esc key."""
PASTE_S = 2.0
"""A paste whose end does not come is over after so long without a character."""
LONGEST_PASTE = 4_000
LONGEST_REPORT = 64
ESC = "\x1b"
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"

_KEY = re.compile(r"\x1b\[([\d:]*)(?:;([\d:]*))?(?:;([\d:]*))?([u~A-HPQS])\Z")
_KNOWN = re.compile(r"\x1b(?:O[ -~]|\[\[[A-E]|\[(?:[IOZ]|\d+;\d+R|<[\d;-]+[Mm]|\?[\d;]+\$y|48;[\d;:]+t))\Z")
_SEQUENCE = re.compile(
    r"\x1b(?:\[\[[A-E]|\[[0-?]*[ -/]*[@-Z\\-~]|O[ -~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\))"
)  # a Linux console's function key, a control sequence, a keypad's key, a string that a terminal answers with
_PIECE = re.compile(r"\x1b(?:\[\[?[0-?]*[ -/]*|O|[\]PX^_][^\x07\x1b]*\x1b?)?\Z")
_REST = re.compile(r"\[[\d:;]*(?:[u~A-HPQS]|\Z)|O(?:[P-S]|\Z)")
_RELEASED = "3"
_CTRL = 4
_TYPED = "йцукенгшщзхъфывапролджэячсмитьбюёіїєґςερτυθιοπασδφγηξκλζχψωβνμ"
_STANDS_ON = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`s]'\\wertyuiopasdfghjklzxcvbnm"
LATIN = dict(zip(_TYPED, _STANDS_ON, strict=True))
"""What stands on a key of a Cyrillic or Greek layout, for terminals that do not tell: a shortcut is a place."""


class Pasted(str):
    """Text that was pasted, cleaned. Everything else from `KeyReports` is for the parser."""


class KeyReports:
    """Feed it what was read, and when; it gives what may be parsed. `tick` it when nothing came for a moment."""

    def __init__(self, escape_s: float = ESCAPE_S) -> None:
        self._escape_s = escape_s
        self._held = ""
        self._is_rejoined = False
        self._at_s = 0.0
        self._escaped_s: float | None = None
        self._paste: str | None = None

    def feed(self, text: str, now_s: float) -> Iterator[str]:
        """The reports in this text, and in what waited for it."""
        self._is_rejoined = not self._held and self._continues_an_escape(text, now_s)
        text = (ESC if self._is_rejoined else self._held) + text
        self._held, self._at_s, self._escaped_s = "", now_s, None
        while text:
            text = yield from self._typed(text) if self._paste is None else self._pasted(text)

    def tick(self, now_s: float) -> Iterator[str]:
        """What has waited long enough: a lone ESC is the Esc key, a piece without its rest is nothing."""
        waited_s = now_s - self._at_s
        if self._held == ESC and waited_s >= self._escape_s:
            self._held, self._escaped_s = "", now_s
            yield ESC
        elif self._held and waited_s >= PIECES_S:
            held, self._held = self._held, ""
            if self._is_rejoined:
                yield held.removeprefix(ESC)
        elif self._paste is not None and waited_s >= PASTE_S:
            yield self._end_of_paste(self._paste)

    def _continues_an_escape(self, text: str, now_s: float) -> bool:
        """Whether this is the rest of a report whose ESC came so long before that it was taken for the Esc key."""
        is_soon = self._escaped_s is not None and now_s - self._escaped_s < PIECES_S
        return is_soon and _REST.match(text) is not None

    def _typed(self, text: str) -> Generator[str, None, str]:
        """The next report of a text, and what is left of it."""
        before, escape, _ = text.partition(ESC)
        if before or not escape:
            yield before
            return text[len(before) :]
        found = _SEQUENCE.match(text)
        if found is not None:
            if found[0] == PASTE_BEGINS:
                self._paste = ""
            elif report := plainest(found[0]):
                yield report
            return text[found.end() :]
        if _PIECE.match(text):
            self._held = text[:LONGEST_PASTE]
            return ""
        alone = 1 if text[1] == ESC else 2  # Esc before another report, or Alt and a character
        yield text[:alone]
        return text[alone:]

    def _pasted(self, text: str) -> Generator[str, None, str]:
        text = (self._paste or "") + text
        inside, end, rest = text.partition(PASTE_ENDS)
        if not end:
            self._paste = text[:LONGEST_PASTE] + text[LONGEST_PASTE:][-len(PASTE_ENDS) :]
            return ""
        yield self._end_of_paste(inside)
        return rest

    def _end_of_paste(self, text: str) -> Pasted:
        self._paste = None
        return Pasted(without_controls(text[:LONGEST_PASTE]))


def plainest(report: str) -> str:
    """A whole report as the parser knows it; empty for one that says nothing to us, or that no key could be."""
    if _KNOWN.match(report):
        return report
    found = _KEY.match(report)
    if found is None or len(report) > LONGEST_REPORT:
        return ""
    codes, modifiers, text, end = found.groups(default="")
    code, _, base = (*codes.split(":"), "", "")[:3]
    modifier, _, event = modifiers.partition(":")
    if event == _RELEASED:
        return ""
    bits = max(0, int(modifier or 1) - 1) & 0xFF
    if end == "u":
        character = _character(code or "1")
        if not character:
            return ""
        if bits & _CTRL and not character.isascii():
            character = _character(base) or LATIN.get(character.lower(), character)
        code = str(ord(character))
    told = ":".join(part for part in text.split(":") if _character(part)) if end == "u" else ""
    if told:
        return f"{ESC}[{code};{bits + 1};{told}u"
    if bits:
        return f"{ESC}[{code or 1};{bits + 1}{end}"
    return f"{ESC}[{'' if code == '1' and end not in 'u~' else code}{end}"


def _character(code: str) -> str:
    """The character of a code point, empty where there is none."""
    number = int(code or "0")
    return chr(number) if 0 < number < 0xD800 or 0xDFFF < number < 0x110000 else ""
