"""What was answered to an id: asked again, it gets the same answer, and nothing is ever done twice."""

from collections.abc import Iterable

from msgspec import Struct

from cockpit.domain.bounded import BoundedMap
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import ns_to_seconds, utc_text

REMEMBERED = 1_000


def late_text(expires_ns: int | None, now_ns: int) -> str:
    """What refuses a command that opens risk and that nobody waits for any more; empty while somebody does."""
    if expires_ns is None or now_ns < expires_ns:
        return ""
    return f"it expired at {utc_text(expires_ns)}, {ns_to_seconds(now_ns - expires_ns):.1f} s before it came: ask again"


class Answer(Struct, frozen=True):
    """What became of something that was asked for."""

    ok: bool
    sentence: str
    verdict_id: str | None = None
    trade_id: str | None = None


class AnsweredIds:
    """The newest ids and their answers. Those that traded are known by their trades as well.

    A source's ids begin with its name, and are remembered apart: a flood of them makes no other's id new again.
    """

    def __init__(self, sources: Iterable[str] = ()) -> None:
        self._answers_of: dict[str, BoundedMap[str, Answer]] = {name: BoundedMap(REMEMBERED) for name in ("", *sources)}
        self._traded: dict[str, Answer] = {}
        self.count = 0
        """How many ids were answered first-hand."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Oldest first."""
        return tuple(asked_id for answers in self._answers_of.values() for asked_id in answers)

    def restore(self, ids: tuple[str, ...], trades: Iterable[TradeRecord]) -> None:
        """Ids that an earlier engine answered: nothing is done for them again."""
        for asked_id in ids:
            self._answers(asked_id)[asked_id] = Answer(False, f"{asked_id} was handled before the engine restarted")
        for trade in trades:
            if trade.signal_id:
                sentence = f"{trade.notional_usd:.2f} USD sent to {trade.venue} before the engine restarted"
                self._traded[trade.signal_id] = Answer(True, sentence, trade.verdict_id, trade.trade_id)

    def known(self, asked_id: str | None) -> Answer | None:
        """The answer that id got; None for a new one, and for none."""
        key = asked_id or ""
        return self._traded.get(key) or self._answers(key).get(key)

    def keep(self, asked_id: str | None, answer: Answer) -> Answer:
        """Remember an answer, where it has an id."""
        if asked_id:
            self._answers(asked_id)[asked_id] = answer
            if answer.trade_id is not None and answer.verdict_id is not None:
                self._traded[asked_id] = answer
            self.count += 1
        return answer

    def _answers(self, asked_id: str) -> BoundedMap[str, Answer]:
        name = asked_id.partition(":")[0]
        return self._answers_of[name if name in self._answers_of else ""]
