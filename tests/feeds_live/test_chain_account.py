"""A health factor counts only where its own totals make it: on Aave v3's integers, and on real accounts of a fork."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.events import AaveExposure
from cockpit.feeds.aave.account import NO_DEBT, WAD, AccountData, contradiction
from cockpit.feeds.aave.worker import checked_split


def aave_v3(collateral: int, threshold_bps: int, debt: int) -> int:
    """The pool's own arithmetic."""
    if debt == 0:
        return NO_DEBT
    weighted = (collateral * threshold_bps + 5_000) // 10_000
    return (weighted * WAD + debt // 2) // debt


totals = st.integers(0, 10**22)


@given(collateral=totals, threshold_bps=st.integers(0, 10_000), debt=totals)
def test_what_the_pool_computes_is_believed(collateral: int, threshold_bps: int, debt: int) -> None:
    data = AccountData(collateral, debt, 0, threshold_bps, 0, aave_v3(collateral, threshold_bps, debt))
    assert contradiction(data) == ""


@given(
    collateral=st.integers(10**12, 10**20),
    debt=st.integers(10**10, 10**20),
    threshold_bps=st.integers(1_000, 9_500),
    factor=st.one_of(st.floats(0.01, 0.99), st.floats(1.01, 100.0)),
)
def test_one_that_is_a_percent_off_is_not(collateral: int, debt: int, threshold_bps: int, factor: float) -> None:
    told = round(aave_v3(collateral, threshold_bps, debt) * factor)
    assert "does not follow from its totals" in contradiction(AccountData(collateral, debt, 0, threshold_bps, 0, told))


def test_the_threshold_was_truncated_so_one_bp_more_is_believed() -> None:
    mixed = AccountData(4_500_000_000_000, 996_000_000_000, 0, 8199, 0, round(4.5e4 * 0.81997 / 9_960 * WAD))
    assert contradiction(mixed) == ""


@pytest.mark.parametrize(
    ("debt", "told", "words"),
    [
        (0, 3 * WAD, "expected the health factor of no debt, was 3"),
        (10**8, NO_DEBT, "expected a health factor for a debt of 1 USD, was that of no debt"),
    ],
)
def test_no_debt_and_its_number_belong_together(debt: int, told: int, words: str) -> None:
    assert contradiction(AccountData(10**10, debt, 0, 8_000, 0, told)) == words


def test_a_speck_of_debt_is_a_debt() -> None:
    speck = AccountData(3 * 10**12, 100, 0, 8300, 0, aave_v3(3 * 10**12, 8300, 100))
    assert not speck.owes_nothing
    assert speck.health_factor == pytest.approx(2.49e10)
    assert contradiction(speck) == ""


def test_real_borrowers_of_a_fork_are_believed(real_data_dir: Path) -> None:
    path = real_data_dir / "fixtures" / "aave_v3_getUserAccountData_hydration.json"
    rows = json.loads(path.read_text())["rows"]
    assert len(rows) == 11
    for row in rows:
        data = AccountData(
            round(row["totalCollateralBase"] * 1e8),
            round(row["totalDebtBase"] * 1e8),
            round(row["availableBorrowsBase"] * 1e8),
            round(row["currentLiquidationThreshold"] * 100),
            round(row["ltv"] * 100),
            round(row["healthFactor"] * WAD),
        )
        assert contradiction(data) == "", row


WETH = AaveExposure("WETH", 30_000.0, 0.0, 0.83)
USDC = AaveExposure("USDC", 0.0, 9_960.0, 0.8)


def test_a_split_that_makes_the_pools_health_factor_counts() -> None:
    assert checked_split((WETH, USDC), 2.5) == ((WETH, USDC), "")
    assert checked_split((WETH,), None) == ((WETH,), "")


def test_a_split_that_does_not_is_none_with_the_reason() -> None:
    exposures, detail = checked_split((WETH, USDC), 2.8)
    assert exposures == ()
    assert detail == "no split by asset: it makes a health factor of 2.5000, the pool says 2.8000 (e-mode?)"
    assert checked_split((WETH,), 2.5)[0] == ()
