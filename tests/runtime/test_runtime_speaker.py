"""Lines on stdout: in order for whoever reads, and never a wait for whoever does not."""

import fcntl
import os
import time

from cockpit.runtime.output import Speaker
from tests.patience import patient_s


def test_lines_come_in_order() -> None:
    reader, writer = os.pipe()
    speaker = Speaker(writer)
    for number in range(100):
        speaker.write(f"line {number}")
    speaker.close()
    os.close(writer)
    with os.fdopen(reader) as read:
        assert read.read().splitlines() == [f"line {number}" for number in range(100)]


def test_a_reader_that_stops_costs_nothing_but_lines() -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    speaker = Speaker(writer, kept_lines=50)
    began_s = time.monotonic()
    for number in range(5_000):
        speaker.write(f"line {number} " + "x" * 100)
    assert time.monotonic() - began_s < patient_s(1.0)
    assert speaker.left_out > 0
    with os.fdopen(reader) as read:
        lines = [read.readline() for _ in range(40)]
        while not lines[-1].startswith("line 4999"):
            lines.append(read.readline())
    assert any("lines left out: nobody read them in time" in line for line in lines)
    speaker.close()
    os.close(writer)


def test_a_reader_that_went_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    speaker = Speaker(writer)
    speaker.write("anybody there?")
    speaker.close()
    speaker.write("still nobody")
    os.close(writer)
