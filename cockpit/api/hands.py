"""Giving the engine a command of the hands once for each id, and answering what it did."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from cockpit.api.answered import Answer, Answered
from cockpit.api.context import ApiContext
from cockpit.api.denial import Denied
from cockpit.api.hand_models import HandAnswer, HandRequest
from cockpit.api.models import RefusalAnswer
from cockpit.api.quiet_json import QuietResponse
from cockpit.domain.commands import AnyCommand
from cockpit.domain.trades import TradeRecord

BY = "api"
REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"model": RefusalAnswer, "description": "the engine refused, in its own words"}
}
Make = Callable[..., AnyCommand]
"""A command with its own fields given: who asks, when and under which id comes in here, by name."""


class Hands:
    """Gives the engine a command once for each id, and answers what it did."""

    def __init__(self, context: ApiContext) -> None:
        self.context = context
        self._answered = Answered()

    async def trade(self, trade_id: str) -> TradeRecord:
        """A trade that was ever seen here. Raises `Denied` with 404 for any other."""
        record = self._held(trade_id) or self.context.host.trade(trade_id)
        record = record or (await self.context.pages.trade(trade_id) if trade_id.isascii() else None)
        if record is None:
            open_ids = ", ".join(trade.record.trade_id for trade in self.context.host.engine.book.trades) or "none"
            raise Denied(404, "unknown_trade", f"expected a trade of this engine (open: {open_ids}), was another")
        return record

    async def on_trade(self, trade_id: str, asked: HandRequest, make: Make) -> QuietResponse:
        """The command on a trade that is known."""
        await self.trade(trade_id)
        return await self.once(f"{type(asked).__name__} {trade_id}", asked, partial(make, trade_id=trade_id))

    async def once(self, what: str, asked: HandRequest, make: Make) -> QuietResponse:
        """The command, done once for its id."""
        if asked.id is None:
            answer = await self._done(asked, make)
        else:
            answer, is_same = await self._answered.once(f"{what} {asked.id}", asked, lambda: self._done(asked, make))
            if not is_same:
                reason = f"expected the body that id {asked.id} came with before, was another: nothing was done"
                raise Denied(400, "reused_id", reason)
        return QuietResponse(answer.content, answer.status)

    async def _done(self, asked: HandRequest, make: Make) -> Answer:
        host, by = self.context.host, asked.by or BY
        done = await host.command(
            lambda now_ns, command_id: make(ts_ns=now_ns, command_id=command_id, by=by, request_id=asked.id)
        )
        if not done.ok:
            detail = {"error": "refused", "reason": done.sentence, "command": done.command}
            return Answer(400, {"detail": detail})
        trade = self._held(done.trade_id or "") or host.trade(done.trade_id or "")
        answer = HandAnswer(
            ok=True,
            command=done.command,
            sentence=done.sentence,
            mode=host.mode.value,
            state=host.engine.risk.state.value,
            timestamp=self.context.timestamp(),
            trade_id=done.trade_id,
            verdict_id=done.verdict_id,
            trade=None if trade is None else msgspec.to_builtins(trade),
        )
        return Answer(200, answer.model_dump())

    def _held(self, trade_id: str) -> TradeRecord | None:
        trade = self.context.host.engine.book.find(trade_id)
        return None if trade is None else trade.record
