"""Which files are history, and what each is: read off its name and its directory, or given by the operator."""

import gzip
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, NamedTuple, cast

import pyarrow as pa

from cockpit.domain.numbers import counted
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.binance.raw_capture import asset_of
from cockpit.history.binance_files import FORMATS, FileFormat
from cockpit.history.errors import HistoryError
from cockpit.history.other_files import named_file
from cockpit.history.tardis_files import contexts_file, tardis_file

VENUES = ("binance",)
SUFFIXES = (".zip", ".csv", ".csv.gz", ".lz4", ".gz", ".rec")
OTHER_MARKETS = {"spot": "spot prices are not the perpetual's", "cm": "COIN-M quantities are contracts, not coins"}
HASHED_AT_ONCE = 1 << 20

_NAME = re.compile(r"(?P<symbol>[A-Z0-9]+)-(?P<what>[A-Za-z]+|\d+[smhdwM]o?)-(?P<day>\d{4}-\d\d(?:-\d\d)?)")
_BARS = re.compile(r"\d+[smhdwM]o?")
_CAPTURE = re.compile(rb"\d{16,19} \{")


class Given(NamedTuple):
    """What the operator says of files whose names do not."""

    venue: str = ""
    kind: str = ""
    asset: str = ""


class PublicFile(NamedTuple):
    """A public file: `span_ns` is the day or month of its name, None where its name says none."""

    venue: str
    asset: str
    symbol: str
    form: FileFormat
    span_ns: tuple[int, int] | None
    assets_in: Callable[[pa.Table], list[tuple[str, pa.Table]]] | None = None
    """Splits a file of many instruments; None where it is of one."""


def files_in(paths: Sequence[Path]) -> list[Path]:
    """Every history file of these files and directories, in the order of their names. Raises where there is none."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise HistoryError(f"{path}: expected a file or directory, was not there")
        inside = sorted(one for one in path.rglob("*") if one.is_file() and one.name.endswith(SUFFIXES))
        found += inside if path.is_dir() else [path]
    if not found:
        raise HistoryError(f"{', '.join(map(str, paths))}: expected files named {', '.join(SUFFIXES)}, was none")
    return list(dict.fromkeys(found))


def is_capture(path: Path) -> bool:
    """Whether it is a raw capture: `recv_ns JSON` a line, plain or gzipped."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            return _CAPTURE.match(file.read(24)) is not None
    except (OSError, EOFError, zlib.error):
        return False


def public_file(path: Path, given: Given) -> PublicFile:
    """What a public file is. Raises `HistoryError` where neither its name nor the operator says."""
    market = next((part for part in path.parts[:-1] if part in OTHER_MARKETS), None)
    if market is not None:
        raise HistoryError(f"{path}: expected USD-M futures, was {market}: {OTHER_MARKETS[market]}")
    other = named_file(path) or tardis_file(path) or contexts_file(path)
    if other is not None:
        return PublicFile(*other)
    venue = given.venue or "binance"
    if venue not in VENUES:
        raise HistoryError(f"{path}: expected a venue whose files are read ({', '.join(VENUES)}), was {venue}")
    named = _NAME.match(path.name)
    form = FORMATS.get(given.kind or _kind_named(path, named))
    if form is None:
        known = ", ".join(FORMATS)
        raise HistoryError(f"{path}: expected a name like BTCUSDT-aggTrades-2024-08-08.zip or --kind ({known})")
    symbol = named["symbol"] if named else ""
    asset = given.asset or asset_of(symbol)
    if not asset:
        raise HistoryError(f"{path}: expected a symbol against the dollar in its name or --asset, was {symbol!r}")
    return PublicFile(venue, asset, symbol or asset, form, _span(named["day"]) if named else None)


def _kind_named(path: Path, named: re.Match[str] | None) -> str:
    """Bars of every kind are named by their interval alone: only their directory says of what they are."""
    if named is None:
        return ""
    if _BARS.fullmatch(named["what"]):
        return next((part for part in reversed(path.parts[:-1]) if part in FORMATS), "")
    return named["what"]


def _span(text: str) -> tuple[int, int]:
    is_month = text.count("-") == 1
    try:
        start = datetime.strptime(text, "%Y-%m" if is_month else "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise HistoryError(f"expected a date in its name, was {text}") from error
    end = (start + timedelta(days=32)).replace(day=1) if is_month else start + timedelta(days=1)
    return int(start.timestamp()) * NS_PER_S, int(end.timestamp()) * NS_PER_S


def sha256_of(path: Path) -> str:
    """The file's digest. Raises `HistoryError` where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(HASHED_AT_ONCE):
                digest.update(block)
    except OSError as error:
        raise HistoryError(f"{path}: expected a readable file, was {error.strerror or error}") from error
    return digest.hexdigest()


def check_sum(path: Path, sha256: str) -> bool:
    """Whether a CHECKSUM lies beside the file. Raises `HistoryError` where it names another digest."""
    beside = path.with_name(f"{path.name}.CHECKSUM")
    if not beside.is_file():
        return False
    expected = beside.read_text(encoding="utf-8", errors="replace").split(maxsplit=1)[0:1]
    if not expected:
        raise HistoryError(f"{path}: expected a sha256 in {beside.name}, was none: download both again")
    if expected != [sha256]:
        was = f"expected sha256 {expected[0]} of {beside.name}, was {sha256}"
        raise HistoryError(f"{path}: {was}: damaged, or published anew: download both again")
    return True


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The CSV's bytes as a stream with `peek`, whatever it is packed in, and the file itself, for how far that is.

    Damage raises `HistoryError` while it is read. A zip's own check sum is verified when its end is read.
    """
    try:
        with path.open("rb") as file:
            if path.name.endswith(".zip"):
                with zipfile.ZipFile(file) as packed, packed.open(_only_member(path, packed)) as unzipped:
                    yield unzipped, file
            elif path.name.endswith(".gz"):
                with gzip.open(file, "rb") as unpacked:
                    yield cast(IO[bytes], unpacked), file
            elif path.name.endswith(".lz4"):
                with io.BufferedReader(pa.input_stream(str(path), compression="lz4")) as unpacked:
                    yield unpacked, file
            else:
                yield file, file
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, RuntimeError) as error:
        raise HistoryError(f"{path}: expected a whole file, was damaged: {error}") from error
    except OSError as error:
        raise HistoryError(f"{path}: expected a readable file, was {error.strerror or error}") from error


def _only_member(path: Path, packed: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in packed.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise HistoryError(f"{path}: expected one CSV in the zip, was {counted(len(members), 'file')}")
    return members[0]
