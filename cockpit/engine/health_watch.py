"""Whether a health factor under the flatten limit is confirmed: by a second reading, or by a second source."""

from cockpit.domain.events import HealthFactor
from cockpit.domain.kinds import Origin
from cockpit.domain.units import seconds_to_ns


class HealthWatch:
    """Counts each source's readings under the limit in a row; together they confirm.

    So a source that lags behind and still says all is well cannot veto another that has said twice it is not. An
    unknown reading neither confirms nor clears, the same one heard twice is one, one older than `valid_s` is none.
    """

    def __init__(self, flatten_under: float, confirmations: int, valid_s: float) -> None:
        self._flatten_under = flatten_under
        self._confirmations = confirmations
        self._valid_ns = seconds_to_ns(valid_s)
        self._under: dict[str, list[int]] = {}
        """The stamps of each source's readings under the limit since its last one that was not."""

    def confirmed(self, reading: HealthFactor) -> bool:
        """Take one reading; True when the fall under the limit is confirmed.

        A reading pushed from outside is no confirmation: it only blocks entries at the gate.
        """
        if reading.origin is Origin.EXTERNAL or (reading.value is None and not reading.no_debt):
            return False
        if reading.no_debt or reading.value is None or reading.value >= self._flatten_under:
            self._under.pop(reading.source, None)
            return False
        stamps = self._under.setdefault(reading.source, [])
        if reading.ts_ns in stamps:
            return False
        self._under[reading.source] = [*stamps, reading.ts_ns][-self._confirmations :]
        since_ns = reading.ts_ns - self._valid_ns
        recent = [stamp for known in self._under.values() for stamp in known if stamp >= since_ns]
        return len(recent) >= self._confirmations
