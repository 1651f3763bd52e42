"""How far one asset alone must move before the health factor is at a limit, and that moving it takes it there."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cockpit.domain.events import AaveExposure
from cockpit.market.health import drops, move_to_reach_pct, recomputed

WETH = AaveExposure("WETH", 30_000.0, 0.0, 0.83)
WBTC = AaveExposure("WBTC", 20_000.0, 0.0, 0.78)
STABLE_DEBT = AaveExposure("USDC", 0.0, 9_960.0, 0.8)
BOTH_SIDES = AaveExposure("WETH", 30_000.0, 6_000.0, 0.83)

TABLE = [
    ("single collateral, stable debt", (WETH, STABLE_DEBT), "WETH", 2.2, -12.0),
    ("to flatten", (WETH, STABLE_DEBT), "WETH", 2.0, -20.0),
    ("to liquidation", (WETH, STABLE_DEBT), "WETH", 1.0, -60.0),
    ("the debt's price rises", (WETH, STABLE_DEBT), "USDC", 2.0, 25.0),
    ("a second collateral carries it alone", (WETH, WBTC, STABLE_DEBT), "WBTC", 2.2, None),
    ("there already", (WETH, STABLE_DEBT), "WETH", 2.6, 0.0),
    ("an asset not held", (WETH, STABLE_DEBT), "DAI", 2.0, None),
    ("held and owed, owed more by weight", (BOTH_SIDES, WBTC), "WETH", 5.0, 205.882353),
]


@pytest.mark.parametrize(
    ("exposures", "symbol", "target", "move_pct"), [case[1:] for case in TABLE], ids=[case[0] for case in TABLE]
)
def test_the_move(exposures: tuple[AaveExposure, ...], symbol: str, target: float, move_pct: float | None) -> None:
    expected = None if move_pct is None else pytest.approx(move_pct, rel=1e-6)
    assert move_to_reach_pct(exposures, symbol, target) == expected


amounts = st.floats(1.0, 1e6)
held = st.builds(AaveExposure, st.sampled_from(["A", "B", "C"]), amounts, amounts, st.floats(0.1, 0.95))


@given(exposures=st.lists(held, min_size=1, max_size=4).map(tuple), share=st.floats(0.1, 0.99))
def test_moving_the_asset_by_so_much_takes_it_there(exposures: tuple[AaveExposure, ...], share: float) -> None:
    before = recomputed(exposures)
    assume(before is not None and 0.01 < before < 1e6)
    target = (before or 0.0) * share
    for symbol in {entry.symbol for entry in exposures}:
        move_pct = move_to_reach_pct(exposures, symbol, target)
        if move_pct is None or abs(move_pct) > 1e5:
            continue
        times = 1.0 + move_pct / 100.0
        moved = [
            AaveExposure(entry.symbol, entry.collateral_usd * times, entry.debt_usd * times, entry.threshold)
            if entry.symbol == symbol
            else entry
            for entry in exposures
        ]
        after = recomputed(moved)
        assert after is not None and after == pytest.approx(target, rel=1e-6)


def test_the_table_has_every_asset_the_largest_first() -> None:
    table = drops((STABLE_DEBT, WETH), (2.2, 2.0))
    assert [(row.symbol, [target for target, _ in row.moves]) for row in table] == [
        ("WETH", [2.2, 2.0]),
        ("USDC", [2.2, 2.0]),
    ]
    assert drops((), (2.0,)) == ()


def test_without_debt_there_is_no_health_factor() -> None:
    assert recomputed((WETH,)) is None
