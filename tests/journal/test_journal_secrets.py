"""Nothing secret reaches a recording or the journal: what goes in is the config and what the engine decided."""

from pathlib import Path

import pytest
from journal_samples import SESSION, life, memory, notice

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import Tick
from cockpit.domain.kinds import Mode
from cockpit.journal.recordings import RecordingHeader, RecordingWriter, read_recording
from cockpit.journal.store import Journal

CANARY = "canary-7f3a91c2"


def test_a_secret_of_the_environment_is_in_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped_config: CockpitConfig
) -> None:
    for name in ("COCKPIT_OKX_API_KEY", "COCKPIT_OKX_SECRET", "COCKPIT_OKX_PASSWORD", "COINGLASS_API_KEY"):
        monkeypatch.setenv(name, CANARY)
    header = RecordingHeader(
        created_ns=1,
        origin="engine",
        source="live",
        config_json=shipped_config.model_dump_json(by_alias=True),
        mode=Mode.PAPER,
        start_ns=1,
    )
    with RecordingWriter(tmp_path / "a.rec", header) as recording:
        recording.write_input(Tick(1))
        for action in life(1, 0.05):
            recording.write_action(action)
    journal = Journal(tmp_path / "journal.sqlite")
    journal.begin(SESSION)
    journal.append([*life(1, 0.05), memory(1), notice(1)])
    assert journal.close(30)
    for file in tmp_path.iterdir():
        assert CANARY.encode() not in file.read_bytes(), file.name
    found, records = read_recording(tmp_path / "a.rec")
    assert CANARY not in found.config_json
    assert len(list(records)) == 10
    assert CockpitConfig.model_validate_json(found.config_json) == shipped_config
