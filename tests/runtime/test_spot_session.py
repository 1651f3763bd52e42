"""A session in test mode that trades coins at Coinbase on another venue's market."""

from pathlib import Path

import pytest

from tests.runtime.spot_session import play, spot_stage

pytestmark = pytest.mark.timeout(600)


async def test_a_session_from_the_checks_to_the_report(tmp_path: Path) -> None:
    async with spot_stage(tmp_path / "home") as stage:
        await play(stage)
