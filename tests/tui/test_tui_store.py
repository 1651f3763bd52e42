"""What the screen knows, and what it forgets."""

import msgspec
import pytest
from scenes import Scene

from cockpit.client.link import LinkChange
from cockpit.domain.actions import Decided, Notice
from cockpit.domain.stream import LogFrame
from cockpit.tui import store as store_module
from cockpit.tui.store import Store


def fed(scene: Scene) -> Store:
    store = Store()
    store.take(LinkChange(True, 0.0), 1.0)
    for frame in scene.frames:
        store.take(frame, 1.0)
    return store


def test_a_scene_is_known(later: Scene) -> None:
    store = fed(later)
    snapshot = later.snapshot
    assert len(store.verdicts) == snapshot.verdicts_approved + snapshot.verdicts_denied
    assert sum(trade.pnl_usd for trade in store.closed_trades) < 0
    assert store.briefing.checklist
    assert store.mode is snapshot.mode


def test_the_link_is_timed_from_when_it_went() -> None:
    store = Store(5.0)
    assert store.link.lost_s(7.0) == 2.0
    store.take(LinkChange(True, 0.0), 8.0)
    assert store.link.lost_s(99.0) is None
    for at_s in (100.0, 101.0, 103.0):
        store.take(LinkChange(False, 0.0, f"refused at {at_s:g}"), at_s)
    assert store.link.lost_s(110.0) == 10.0
    assert store.link.detail == "refused at 103"


def test_another_engine_starts_its_log_from_nothing(later: Scene) -> None:
    store = fed(later)
    store.take(later.hello, 2.0)
    assert store.verdicts
    store.take(msgspec.structs.replace(later.hello, epoch="another"), 3.0)
    assert not store.verdicts and not store.trades


def test_a_gap_is_said(later: Scene) -> None:
    store = Store()
    store.take(msgspec.structs.replace(later.hello, gap=True), 2.0)
    assert "gap" in store.news[-1].text


def test_a_flatten_keeps_the_steps_of_the_last_one_only() -> None:
    store = Store()
    for seq, text in enumerate(("+0 ms FREEZE: a", "+9 ms FLAT", "+0 ms FREEZE: b"), start=1):
        store.take(LogFrame(seq, Notice(1, "info", "flatten", text)), 1.0)
    assert store.flatten_steps == ["+0 ms FREEZE: b"]


def test_it_does_not_grow_for_ever(later: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "KEPT_VERDICTS", 3)
    store = fed(later)
    entry = next(frame.entry for frame in later.log if isinstance(frame.entry, Decided))
    for number in range(10):
        verdict = msgspec.structs.replace(entry.verdict, verdict_id=f"x{number}")
        store.take(LogFrame(1_000 + number, Decided(1, verdict)), 1.0)
    assert list(store.verdicts) == ["x7", "x8", "x9"]


@pytest.mark.parametrize("severity", ["info", "warning", "critical", "unheard of"])
def test_any_notice_is_kept(severity: str) -> None:
    store = Store()
    store.take(LogFrame(1, Notice(1, severity, "feeds", "text")), 1.0)
    assert store.news[-1].text == "text"
