"""What waits to be written: the newest in memory, what is older and was too much for it in the side file."""

from collections import deque
from collections.abc import Callable
from threading import Condition

from cockpit.journal.sessions import Unit
from cockpit.journal.spill import Spill


class Backlog:
    """A queue with one writer's thread taking from it. What the side file holds is older than what memory holds.

    What an earlier process left in the side file comes first.
    """

    def __init__(self, changed: Condition, spill: Spill | None) -> None:
        self._changed = changed
        self._units: deque[Unit] = deque()
        self._spill = spill
        self._in_memory = 0
        self._waiting: list[tuple[int, Callable[[], object]]] = []
        self.appended = spill.records if spill is not None else 0
        self.done = 0

    @property
    def pending(self) -> int:
        """Records that are not in the database yet."""
        return self.appended - self.done

    @property
    def in_memory(self) -> int:
        """Records that only memory holds: a kill would lose them."""
        return self._in_memory

    def push(self, unit: Unit) -> None:
        """Queue a unit. Waits for nobody but another push."""
        with self._changed:
            self._units.append(unit)
            self.appended += len(unit)
            self._in_memory += len(unit)
            self._changed.notify_all()

    def when_done(self, count: int, tell: Callable[[], object]) -> None:
        """Call `tell` once the first `count` records are in the database: at once, or from the writer's thread."""
        with self._changed:
            if self.done < count:
                self._waiting.append((count, tell))
                return
        tell()

    def oldest(self, limit: int) -> list[Unit]:
        """The oldest units, about `limit` records; they stay queued until `settle`."""
        if self._spill is not None and self._spill.records:
            return self._spill.oldest(limit)
        units: list[Unit] = []
        count = 0
        with self._changed:
            for unit in self._units:
                if count >= limit:
                    break
                units.append(unit)
                count += len(unit)
        return units

    def settle(self, units: list[Unit]) -> None:
        """The oldest units are in the database: let go of them."""
        records = sum(len(unit) for unit in units)
        if self._spill is not None and self._spill.records:
            self._spill.drop(len(units))
        else:
            self._forget(units)
        with self._changed:
            self.done += records
            self._changed.notify_all()
            due = [tell for count, tell in self._waiting if count <= self.done]
            self._waiting = [entry for entry in self._waiting if entry[0] > self.done]
        for tell in due:
            tell()

    def move_to_spill(self) -> None:
        """Put everything that only memory holds into the side file. Raises OSError when that takes nothing either."""
        if self._spill is None:
            return
        with self._changed:
            units = list(self._units)
        if units:
            self._spill.append(units)
            self._forget(units)

    def close(self) -> None:
        """Close the side file."""
        if self._spill is not None:
            self._spill.close()

    def _forget(self, units: list[Unit]) -> None:
        with self._changed:
            for unit in units:
                self._units.popleft()
                self._in_memory -= len(unit)
