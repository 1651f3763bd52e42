"""Textual's driver, on a terminal where the first picture already stands, and which may send anything."""

import logging
import os
import re
import selectors
from codecs import getincrementaldecoder
from collections.abc import Generator, Iterator
from time import monotonic

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key, Paste
from textual.message import Message

from cockpit.tui.first_paint import ENTER, FirstPaint
from cockpit.tui.text import without_controls

# What a terminal sends, made into what Textual's parser knows: whole key reports in their plainest form, or nothing.
#
# Terminals report keys in more ways than that parser reads, and one it cannot read ends its thread: the screen would
# be deaf to F12. A slow line delivers a report in pieces, which would be typed as text. A paste is text, whatever is
# in it.

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


LOG = logging.getLogger("cockpit.screen")
POLL_EVERY_S = 0.05
READ_BYTES = 4_096
_ASKED_FLAGS = (
    linux_driver.KITTY_DISAMBIGUATE_ESCAPE_CODES
    | linux_driver.KITTY_REPORT_ALL_KEYS
    | linux_driver.KITTY_REPORT_ASSOCIATED_TEXT
)
ASKED_OF_KEYBOARD = f"\x1b[>{_ASKED_FLAGS}u"
WITH_PLACES = f"\x1b[>{_ASKED_FLAGS | linux_driver.KITTY_REPORT_ALTERNATE_KEYS}u"
"""The same, and where on the keyboard a key stands: Ctrl and a key is a place, whatever the layout prints on it."""


class Reader:
    """Messages from what a terminal sends. Nothing it may send ends it."""

    def __init__(self, escape_s: float) -> None:
        self._reports = KeyReports(escape_s)
        self._decode = getincrementaldecoder("utf-8")(errors="ignore").decode
        self._parser = XTermParser()

    def feed(self, data: bytes, now_s: float) -> Iterator[Message]:
        for report in self._reports.feed(self._decode(data), now_s):
            yield from self._messages(report)

    def tick(self, now_s: float) -> Iterator[Message]:
        """What the passing of time says."""
        for report in self._reports.tick(now_s):
            yield from self._messages(report)

    def _messages(self, report: str) -> list[Message]:
        if isinstance(report, Pasted):
            return [Paste(str(report))]
        if report == ESC:
            return [Key("escape", ESC)]
        try:
            if len(report) == 2 and report[0] == ESC:
                return list(self._parser._sequence_to_key_events(report[1], alt=True))
            messages = list(self._parser.feed(report))
        except Exception:
            LOG.exception("a key report could not be read: %r", report)
            self._parser = XTermParser()
            return []
        if self._parser._awaiting.timeout is not None:  # it takes what was whole for a beginning
            self._parser = XTermParser()
        return messages


def driver_behind(first_paint: FirstPaint, escape_s: float) -> type[LinuxDriver]:
    """A driver that draws over the first picture. Entering the alternate screen once more would clear it: a flicker.

    `escape_s` is how long an ESC may wait for the rest of a report: longer where the line is slow.
    """

    class Driver(LinuxDriver):
        def write(self, data: str) -> None:
            if data == ASKED_OF_KEYBOARD:
                data = WITH_PLACES
            if data != ENTER or not first_paint.give_way():
                super().write(data)

        def run_input_thread(self) -> None:
            """Read until told to end, or until the terminal is gone: its hang-up is told otherwise."""
            reader = Reader(escape_s)
            with selectors.SelectSelector() as selector:
                selector.register(self.fileno, selectors.EVENT_READ)
                while not self.exit_event.is_set():
                    if selector.select(POLL_EVERY_S):
                        data = os.read(self.fileno, READ_BYTES)
                        if not data:
                            return
                        self._pass_on(reader.feed(data, monotonic()))
                    self._pass_on(reader.tick(monotonic()))

        def _pass_on(self, messages: Iterator[Message]) -> None:
            for message in messages:
                self.process_message(message)

    return Driver
