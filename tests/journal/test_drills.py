"""The drills that were done are kept, also beside an engine that writes, and each UTC day asks for its own."""

from pathlib import Path

from journal_samples import SESSION

from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.journal.drills import Drill, DrillStep, drills_lacking, keep_drill, latest_drill
from cockpit.journal.store import Journal

NOON_NS = 1_760_875_200 * NS_PER_S


def drill(ts_ns: int, venue: str = "okx", ok: bool = True) -> Drill:
    return Drill(ts_ns, venue, "demo", ok, (DrillStep("ENTRY", 31.5, "0.0001 BTC at 100000"),))


def test_the_last_one_that_got_out_counts(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for number, ok in enumerate((True, True, False)):
        keep_drill(path, drill(NOON_NS + number, ok=ok))
    keep_drill(path, drill(NOON_NS + 9, venue="binance"))
    assert latest_drill(path, "okx") == drill(NOON_NS + 1)


def test_it_is_kept_while_an_engine_writes(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.begin(SESSION)
    keep_drill(path, drill(NOON_NS))
    assert journal.close()
    assert latest_drill(path, "okx") == drill(NOON_NS)


def test_a_day_asks_for_its_own_on_every_venue(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    never = "expected today's drill on okx (last: never), was none: cockpit drill"
    assert drills_lacking(path, ["okx"], NOON_NS) == never
    keep_drill(path, drill(NOON_NS))
    assert drills_lacking(path, ["okx"], NOON_NS + NS_PER_S) == ""
    assert "binance (last: never)" in drills_lacking(path, ["binance", "okx"], NOON_NS)
    assert "okx (last: 2025-10-19T12:00:00" in drills_lacking(path, ["okx"], NOON_NS + NS_PER_DAY)


def test_an_unreadable_journal_is_no_drill(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"no database at all" * 100)
    assert "expected a readable journal" in drills_lacking(path, ["okx"], NOON_NS)
