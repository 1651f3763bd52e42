"""Whether a health factor under the flatten limit is confirmed: by a second reading, or by a second source."""

from cockpit.domain.events import HealthFactor
from cockpit.domain.kinds import Origin


class HealthWatch:
    """Counts readings under the limit in a row. An unknown reading neither confirms nor clears."""

    def __init__(self, flatten_under: float, confirmations: int) -> None:
        self._flatten_under = flatten_under
        self._confirmations = confirmations
        self._under = 0

    def confirmed(self, reading: HealthFactor) -> bool:
        """Take one reading; True when the fall under the limit is confirmed.

        A reading pushed from outside is no confirmation: it only blocks entries at the gate.
        """
        if reading.origin is Origin.EXTERNAL or (reading.value is None and not reading.no_debt):
            return False
        if reading.no_debt or reading.value is None or reading.value >= self._flatten_under:
            self._under = 0
            return False
        self._under += 1
        return self._under >= self._confirmations
