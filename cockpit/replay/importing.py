"""Turning a raw exchange capture into a recording that a replay can run."""

import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from cockpit import __version__
from cockpit.config.model import CockpitConfig
from cockpit.domain.events import Top, Trade
from cockpit.domain.kinds import Mode
from cockpit.exchanges.binance.raw_capture import BinanceCapture
from cockpit.journal.build import code_digest
from cockpit.journal.errors import RecordingError
from cockpit.journal.recordings import RecordingHeader, RecordingWriter

FORMATS = ("binance-raw",)
TEXT_SUFFIXES = (".txt", ".json", ".jsonl", ".log", ".raw")
PROGRESS_EVERY = 20_000

Progress = Callable[[int], None]
"""Called now and then with the number of messages taken so far."""


class Imported(NamedTuple):
    """A recording made of a capture: where it is, its number of events, and what was taken and left, in sentences."""

    path: Path
    events: int
    sentences: tuple[str, ...]


def default_target(capture: Path) -> Path:
    """Where a capture's recording goes when nobody says: beside it, under its name with `.rec`."""
    name = capture.name.removesuffix(".gz")
    for suffix in TEXT_SUFFIXES:
        name = name.removesuffix(suffix)
    return capture.with_name(f"{name}.rec")


def import_capture(
    capture: Path,
    target: Path,
    config: CockpitConfig,
    *,
    force: bool = False,
    as_perp: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Write the capture's trades and tops to `target`, which appears only once it is complete.

    Raises `CaptureError` for a capture that cannot be read, `RecordingError` for a target that cannot be written or
    exists already (unless `force`): show the line and stop, nothing was changed.
    """
    _refuse(capture, target, force)
    source = BinanceCapture(capture, as_perp=as_perp)
    events = source.events()
    first = next(events)
    part = target.with_name(f".{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        count = _write(part, _header(capture, config, first, is_spot=source.is_spot), chain((first,), events), progress)
        part.replace(target)
    except RecordingError as error:
        sentence = str(error).replace(str(part), str(target))
        raise RecordingError(f"{sentence}: name another place with -o") from error
    except OSError as error:
        finding = f"expected to write {target}, was: {error.strerror or error}"
        raise RecordingError(f"{finding}: name another place with -o") from error
    finally:
        _discard(part)
    return Imported(target, count, tuple(source.summary()))


def _refuse(capture: Path, target: Path, force: bool) -> None:
    if not target.exists():
        return
    if target.is_dir() or (capture.exists() and target.samefile(capture)):
        raise RecordingError(f"{target}: expected the name of a new recording: name another with -o")
    if not force:
        raise RecordingError(f"{target}: expected a new file, was there already: --force replaces it, -o names another")


def _header(capture: Path, config: CockpitConfig, first: Trade | Top, *, is_spot: bool) -> RecordingHeader:
    return RecordingHeader(
        created_ns=time.time_ns(),
        origin="import",
        source=f"{capture.name} (spot taken as a perpetual)" if is_spot else capture.name,
        config_json=config.recorded_json(),
        mode=Mode.PAPER,
        start_ns=first.ts_ns,
        engine_version=__version__,
        build=code_digest(),
        feed="recorded",
    )


def _write(path: Path, header: RecordingHeader, events: Iterator[Trade | Top], progress: Progress | None) -> int:
    count = 0
    writer = RecordingWriter(path, header)
    try:
        for count, event in enumerate(events, start=1):
            writer.write_input(event)
            if count % PROGRESS_EVERY == 0:
                if writer.failure is not None:
                    break
                if progress is not None:
                    progress(count)
    finally:
        writer.close()
    if writer.failure is not None:
        raise RecordingError(f"expected to write the whole capture, was {writer.failure}")
    return count


def _discard(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:
        # The directory cannot be written, so there is no part to remove: the error that says so is on its way.
        return
