"""What venues tell of our accounts there: said once, and no entry starts where a word stands against it."""

from collections.abc import Iterable, Iterator

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import VenueNotice
from cockpit.domain.kinds import VenueTopic
from cockpit.engine.outbox import Outbox

Key = tuple[str, str, VenueTopic]


class VenueNotices:
    """The words that stand, by venue, asset and topic."""

    def __init__(self, config: CockpitConfig) -> None:
        self._traded = {where.trade_on for where in config.assets.values()}
        self._standing: dict[Key, VenueNotice] = {}

    @property
    def in_the_way(self) -> tuple[VenueNotice, ...]:
        """The words that keep entries from where the config's assets trade, oldest first."""
        words = self._standing.values()
        return tuple(word for word in words if word.topic.blocks_entries and word.venue in self._traded)

    def take(self, word: VenueNotice, out: Outbox) -> None:
        """Remember a word, or that it is over, and tell it where it is new."""
        key = (word.venue, word.asset, word.topic)
        known = self._standing.get(key)
        if word.is_over:
            if self._standing.pop(key, None) is None:
                return
        elif word.topic.stands:
            self._standing[key] = word
            if known is not None and known.sentence == word.sentence:
                return
        out.notice(_severity(word), word.topic.value, word.sentence)

    def against(self, venue: str, asset: str) -> Iterator[VenueNotice]:
        """The words that forbid an entry in this perpetual."""
        for word in self._standing.values():
            if word.venue == venue and word.asset in ("", asset) and word.topic.blocks_entries:
                yield word

    def unknown(self, venue: str, asset: str) -> str:
        """Why a position there is unknown; empty where it is not."""
        word = self._standing.get((venue, asset, VenueTopic.POSITION_UNKNOWN))
        return "" if word is None else word.sentence

    def begin(self, unread: Iterable[str], out: Outbox) -> None:
        """Begin anew with these venues behind the engine, none of which has told yet what its account holds."""
        self._standing.clear()
        for venue in unread:
            if venue in self._traded:
                sentence = f"{venue} has not told yet what its account holds: no entry there before that"
                self.take(VenueNotice(out.now_ns, venue, "", VenueTopic.UNREAD, sentence), out)
            else:
                # Only a signal that names it will ever hear of this.
                sentence = f"{venue} is where no asset of the config trades: no entry there"
                self._standing[venue, "", VenueTopic.UNREAD] = VenueNotice(
                    out.now_ns, venue, "", VenueTopic.UNREAD, sentence
                )


def _severity(word: VenueNotice) -> str:
    if word.is_over:
        return "info"
    if word.is_grave or word.topic.halts:
        return "critical"
    return "warning" if word.topic.stands else "info"
