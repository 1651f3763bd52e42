"""Raw captures and our own recordings as rows of the recorded kinds: prints and tops in the order they arrived."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from cockpit.domain.events import MarketEvent, Tick, Top, Trade
from cockpit.exchanges.binance.raw_capture import BinanceCapture, CaptureError
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import RECORDED_TOPS, RECORDED_TRADES, Kind
from cockpit.journal.errors import RecordingError
from cockpit.journal.recordings import Marker, RecordingHeader, RecordingReader
from cockpit.journal.sessions import FeedKind

ROWS_AT_ONCE = 50_000
SPOT = "(spot taken as a perpetual)"

Series = tuple[str, str, Kind]
"""A venue, an asset and a kind."""


def capture_rows(path: Path, left: Counter[str]) -> Iterator[tuple[Series, pa.Table]]:
    """A capture's prints and tops. One that ends early counts not at all: raises `HistoryError`."""
    capture = BinanceCapture(path)
    try:
        yield from _tables(capture.events())
    except CaptureError as error:
        text, _, is_spot = str(error).partition(": --as-perp")
        raise HistoryError(f"{text}: its prices are not the perpetual's" if is_spot else text) from error
    left.update(capture.left)
    if capture.ended_early:
        raise HistoryError(f"{path}: expected a whole capture, was {capture.ended_early}")


def recording_rows(path: Path, left: Counter[str]) -> Iterator[tuple[Series, pa.Table]]:
    """A recording's prints and tops. Raises `HistoryError` for one of the simulated market, or of a recording replayed:
    neither is history.
    """
    try:
        reader = RecordingReader(path)
        caveat = not_of_a_market(reader.header)
        if caveat:
            raise HistoryError(f"{path}: expected a recording of a perpetual's live market, was {caveat}")
        yield from recorded_market(reader, [])
    except RecordingError as error:
        raise HistoryError(str(error)) from error
    if reader.damage:
        left["damaged or missing part of a recording"] += len(reader.damage)


def not_of_a_market(header: RecordingHeader) -> str:
    """What a recording shows, where that is not the market of a perpetual; empty where it is."""
    if header.origin != "import" and header.feed != FeedKind.LIVE:
        return f"of the {header.feed} market" if header.feed else "one whose header does not say of which"
    return "of spot prices, which are not the perpetual's" if header.source.endswith(SPOT) else ""


def recorded_market(reader: RecordingReader, others: list[MarketEvent]) -> Iterator[tuple[Series, pa.Table]]:
    """Its prints and tops as rows. What else it has of the market is put into `others`."""
    return _tables(_prints_and_tops(reader, others))


def _prints_and_tops(reader: RecordingReader, others: list[MarketEvent]) -> Iterator[Trade | Top]:
    for marker, batch in reader.batches():
        if marker is Marker.EVENT:
            for event in batch:
                if isinstance(event, Trade | Top):
                    yield event
                elif isinstance(event, MarketEvent) and not isinstance(event, Tick):
                    others.append(event)


def _tables(events: Iterator[Trade | Top]) -> Iterator[tuple[Series, pa.Table]]:
    rows: dict[Series, list[tuple[object, ...]]] = {}
    for arrival, event in enumerate(events):
        if isinstance(event, Trade):
            series = (event.venue, event.asset, RECORDED_TRADES)
            row: tuple[object, ...] = (
                event.recv_ns,
                arrival,
                event.trade_id,
                event.ts_ns,
                event.price,
                event.qty,
                event.taker_is_buyer,
            )
        else:
            series = (event.venue, event.asset, RECORDED_TOPS)
            prices = (event.bid, event.bid_qty, event.ask, event.ask_qty)
            row = (event.recv_ns, arrival, event.ts_ns, *prices)
        taken = rows.setdefault(series, [])
        taken.append(row)
        if len(taken) >= ROWS_AT_ONCE:
            yield series, _table(series[2], rows.pop(series))
    for series, taken in rows.items():
        yield series, _table(series[2], taken)


def _table(kind: Kind, rows: list[tuple[object, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(values, type_) for values, (_, type_) in zip(columns, kind.columns, strict=True)]
    return pa.Table.from_arrays(arrays, schema=kind.schema)
