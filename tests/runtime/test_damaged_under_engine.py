"""A journal that is damaged under a running engine: it takes what is written, and the next start could not read it."""

from pathlib import Path

from cockpit.api.pages import Pages
from cockpit.config.model import CockpitConfig
from cockpit.domain.commands import Arm
from tests.patience import patient_s
from tests.runtime.host_stage import staged, without_context

HEADER_BYTES, FRAME_HEADER_BYTES, PAGE_BYTES = 32, 24, 4_096


def damage_every_page(path: Path) -> None:
    """Of the journal and of what it has not taken over yet; what says where they are stays."""
    with path.with_name(f"{path.name}-wal").open("r+b") as file:
        held = file.read()
        for start in range(HEADER_BYTES, len(held), FRAME_HEADER_BYTES + PAGE_BYTES):
            file.seek(start + FRAME_HEADER_BYTES)
            file.write(b"\x5a" * PAGE_BYTES)


async def test_it_is_said_as_soon_as_anybody_reads(tmp_path: Path, shipped_config: CockpitConfig) -> None:
    async with staged(tmp_path, without_context(shipped_config)) as stage:
        host, path = stage.host, tmp_path / "journal.sqlite"
        pages = Pages(path, host.recent, patient_s(5.0), lambda: True, host.journal.note_damage)  # type: ignore[arg-type]
        await stage.command(lambda now_ns, command_id: Arm(now_ns, command_id, "test"))
        await stage.until(lambda: host.journal.has_written(host.journal.appended))
        assert (await pages.verdicts(5, 0))[1] == "journal" and host.process().journal_ok
        damage_every_page(path)
        for _ in range(2):
            assert (await pages.trades(5, 0))[1] == "memory"
        process = host.process()
        assert not process.journal_ok and process.journal_error.count("; ") == 0
        assert "then put a backup in its place" in process.journal_error


async def test_it_is_said_though_nobody_reads(tmp_path: Path, shipped_config: CockpitConfig) -> None:
    async with staged(tmp_path, without_context(shipped_config), pages_every_s=0.01) as stage:
        host, path = stage.host, tmp_path / "journal.sqlite"
        await stage.command(lambda now_ns, command_id: Arm(now_ns, command_id, "test"))
        await stage.until(lambda: host.journal.has_written(host.journal.appended))
        assert host.process().journal_ok
        damage_every_page(path)
        await stage.until(lambda: not host.process().journal_ok)
        assert "then put a backup in its place" in host.process().journal_error
