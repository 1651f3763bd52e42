"""Layer 4 of the rules: switches, a halt, the session's drawdown and losses, the last health factor."""

from collections.abc import Callable

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.account import Halt
from cockpit.domain.kinds import Outcome
from cockpit.domain.verdict import Check

FindCheck = Callable[..., Check]
NOW_NS = 1_760_875_200_000_000_000


def test_a_config_that_is_off_blocks(check: FindCheck, bare_config: CockpitConfig) -> None:
    assert check("enabled").outcome is Outcome.PASS
    off = bare_config.model_copy(update={"enabled": False})
    assert check("enabled", config=off).outcome is Outcome.BLOCK


def test_a_setup_that_is_off_blocks(check: FindCheck) -> None:
    assert check("setup_enabled").outcome is Outcome.PASS
    off = check("setup_enabled", setup_enabled=False)
    assert off.outcome is Outcome.BLOCK
    assert off.sentence.startswith("btc_lower_band_long is switched off")


def test_a_halt_blocks_with_its_sentence(check: FindCheck) -> None:
    assert check("halted").outcome is Outcome.PASS
    halt = Halt(NOW_NS, "drawdown", "drawdown 20.10 of 19.92 USD")
    found = check("halted", halt=halt)
    assert found.outcome is Outcome.BLOCK
    assert found.sentence == "halted since 2025-10-19T12:00:00.000Z (drawdown): drawdown 20.10 of 19.92 USD"


@pytest.mark.parametrize(
    ("drawdown_usd", "outcome"),
    [
        (0.0, Outcome.PASS),
        (19.9199, Outcome.PASS),
        (19.92, Outcome.BLOCK),
        (19.93, Outcome.BLOCK),
        (None, Outcome.NO_DATA),
        (float("nan"), Outcome.BLOCK),
    ],
)
def test_drawdown_stays_under_one_point_two_percent(
    check: FindCheck, drawdown_usd: float | None, outcome: Outcome
) -> None:
    assert check("drawdown", drawdown_usd=drawdown_usd).outcome is outcome


@pytest.mark.parametrize(("losses", "outcome"), [(4, Outcome.PASS), (5, Outcome.BLOCK), (6, Outcome.BLOCK)])
def test_five_losses_in_a_row_kill_though_reviewed(check: FindCheck, losses: int, outcome: Outcome) -> None:
    assert check("losses_kill", consecutive_losses=losses, losses_since_review=0).outcome is outcome


@pytest.mark.parametrize(("health", "outcome"), [(1.9999, Outcome.BLOCK), (2.0, Outcome.PASS), (2.0001, Outcome.PASS)])
def test_health_factor_under_two_kills(check: FindCheck, health: float, outcome: Outcome) -> None:
    assert check("health_kill", health=health).outcome is outcome
