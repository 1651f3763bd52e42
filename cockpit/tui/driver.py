"""Textual's driver, on a terminal where the first picture already stands, and which may send anything."""

import logging
import os
import selectors
from codecs import getincrementaldecoder
from collections.abc import Iterator
from time import monotonic

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key, Paste
from textual.message import Message

from cockpit.tui.first_paint import ENTER, FirstPaint
from cockpit.tui.key_reports import ESC, KeyReports, Pasted

LOG = logging.getLogger("cockpit.screen")
LOOK_EVERY_S = 0.05
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
        """What these bytes say."""
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
    """A driver that draws over the curtain. Entering the alternate screen once more would clear it first: a flicker.

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
                    if selector.select(LOOK_EVERY_S):
                        data = os.read(self.fileno, READ_BYTES)
                        if not data:
                            return
                        self._pass_on(reader.feed(data, monotonic()))
                    self._pass_on(reader.tick(monotonic()))

        def _pass_on(self, messages: Iterator[Message]) -> None:
            for message in messages:
                self.process_message(message)

    return Driver
