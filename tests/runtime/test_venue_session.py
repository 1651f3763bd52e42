"""Sessions in test mode where no test of their own has one: Hyperliquid and Kraken Futures."""

from pathlib import Path

import pytest

from tests.execution.account_stage import keys_of
from tests.runtime.venue_session import play, venue_stage

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("name", ["hyperliquid", "krakenfutures"])
async def test_a_session_from_the_checks_to_the_report(tmp_path: Path, name: str) -> None:
    async with venue_stage(tmp_path / "home", name) as stage:
        await play(stage)
        assert keys_of(name).secret.get_secret_value() not in stage.printed
