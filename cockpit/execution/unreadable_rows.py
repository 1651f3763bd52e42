"""Rows of a venue's lists that cannot be read: said to the operator once each."""

from cockpit.domain.kinds import VenueTopic
from cockpit.execution.venue_context import VenueContext


class UnreadableRows:
    """Looked at after each round."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._notified: set[str] = set()
        self._set_aside_notified: dict[str, str] = {}

    def open_unread(self) -> tuple[str, ...]:
        """What of the positions and open orders could not be read, a sentence each: it may be anything."""
        sentences = self._context.account.unreadable()
        for sentence in set(sentences) - self._notified:
            self._context.notify(VenueTopic.NOTE, sentence, is_grave=True)
        self._notified = set(sentences)
        return sentences

    def notify_set_aside(self) -> None:
        """An execution that cannot be read is booked late, by what else tells of it, or not at all."""
        for what, sentence in self._context.account.set_aside().items():
            if self._set_aside_notified.get(what) != sentence:
                self._context.notify(VenueTopic.NOTE, f"not booked: {sentence}", is_grave=True)
            self._set_aside_notified[what] = sentence
