"""What the live feeds' tests share: Aave's real contracts on a local node, put up once and put back after each test."""

from collections.abc import Iterator

import pytest

from tests.loopback.aave_market import AaveMarketOnAnvil
from tests.loopback.anvil import Anvil, binary, installed

GENESIS_S = 1_760_874_000
"""2025-10-19 11:40:00 UTC, twenty minutes before the engine's scenarios begin."""


@pytest.fixture(scope="session")
def anvil() -> Iterator[Anvil]:
    node = Anvil(binary(installed()), GENESIS_S)
    yield node
    node.stop()


@pytest.fixture(scope="session")
def deployed(anvil: Anvil) -> AaveMarketOnAnvil:
    return AaveMarketOnAnvil(anvil, installed())


@pytest.fixture
def aave_market(anvil: Anvil, deployed: AaveMarketOnAnvil) -> Iterator[AaveMarketOnAnvil]:
    """The market as deployed: WETH at 3,000, the borrower at 2.5."""
    snapshot = anvil.rpc("evm_snapshot")
    yield deployed
    assert anvil.rpc("evm_revert", snapshot)
