"""How far each asset alone must move before the health factor reaches a limit: arithmetic on the split by asset."""

from collections.abc import Sequence

from cockpit.domain.events import AaveExposure
from cockpit.domain.snapshot import HealthDrop

WHOLE_PCT = 100.0


def move_to_reach_pct(exposures: Sequence[AaveExposure], symbol: str, target: float) -> float | None:
    """By how many percent this asset's price must change, all others unmoved, for the health factor to be `target`.

    Below 0 is a fall, above 0 a rise (an asset owed more than it secures). 0 where the health factor is there already;
    None where no price of this asset takes it there. Health factor = sum(collateral x threshold) / sum(debt).
    """
    weight = sum(entry.collateral_usd * entry.threshold for entry in exposures)
    debt_usd = sum(entry.debt_usd for entry in exposures)
    own = [entry for entry in exposures if entry.symbol == symbol]
    own_weight = sum(entry.collateral_usd * entry.threshold for entry in own)
    own_debt_usd = sum(entry.debt_usd for entry in own)
    spare = weight - target * debt_usd
    if spare <= 0.0:
        return 0.0
    # With its price times (1 + x): weight + x own_weight = target (debt + x own_debt).
    leverage = own_weight - target * own_debt_usd
    if leverage == 0.0:
        return None
    change = -spare / leverage
    return change * WHOLE_PCT if change > -1.0 else None


def drops(exposures: Sequence[AaveExposure], targets: Sequence[float]) -> tuple[HealthDrop, ...]:
    """The table: for every asset held or owed, the move that reaches each target. Largest exposure first."""
    largest_first = sorted(exposures, key=lambda entry: -max(entry.collateral_usd, entry.debt_usd))
    return tuple(
        HealthDrop(
            symbol=entry.symbol,
            collateral_usd=entry.collateral_usd,
            debt_usd=entry.debt_usd,
            moves=tuple((target, move_to_reach_pct(exposures, entry.symbol, target)) for target in targets),
        )
        for entry in largest_first
    )


def recomputed(exposures: Sequence[AaveExposure]) -> float | None:
    """The health factor the split makes; None without debt."""
    debt_usd = sum(entry.debt_usd for entry in exposures)
    if debt_usd <= 0.0:
        return None
    return sum(entry.collateral_usd * entry.threshold for entry in exposures) / debt_usd
