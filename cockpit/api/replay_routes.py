"""`POST /api/replay`: how a recording is played. Any other market's time is not ours to hold."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter
from pydantic import Field, model_validator

from cockpit.api.api_router import api_router
from cockpit.api.context import ApiContext
from cockpit.api.denial import Denied
from cockpit.api.models import Asked, DoneAnswer, RefusalAnswer, ShortText
from cockpit.runtime.player import NotPlaying, Player

FASTEST = 1e6


class ReplayRequest(Asked):
    """What to do with the recording. Orders in the engine are untouched by it: its clock waits with its market."""

    action: Literal["pause", "resume", "step", "next_verdict", "speed"]
    speed: Annotated[
        float | None,
        Field(strict=True, ge=0, le=FASTEST, allow_inf_nan=False, description="with speed: 0 is as fast as it goes"),
    ] = None
    by: Annotated[ShortText | None, Field(description="who asks")] = None

    @model_validator(mode="after")
    def _with_a_speed_or_without(self) -> Self:
        if (self.action == "speed") != (self.speed is not None):
            wanted = "a speed" if self.action == "speed" else "no speed"
            found = "none" if self.speed is None else f"{self.speed:g}"
            raise ValueError(f"expected {wanted} with action {self.action}, was {found}")
        return self


def replay_routes(context: ApiContext) -> APIRouter:
    """The route, over this engine."""
    router = api_router("control")

    @router.post(
        "/api/replay",
        summary="Hold, step or hurry a recording",
        responses={400: {"model": RefusalAnswer, "description": "no recording is played, or it has ended"}},
    )
    async def replay(asked: ReplayRequest) -> DoneAnswer:
        """`next_verdict` runs until the gate has decided on something, and holds right there."""
        source = context.host.source
        if not isinstance(source, Player):
            raise Denied(400, "refused", f"expected a recording to play, was a {source.kind.value} market")
        try:
            sentence = _play(source, asked)
        except NotPlaying as error:
            raise Denied(400, "refused", str(error)) from None
        return DoneAnswer(
            ok=True,
            command="replay",
            sentence=sentence,
            mode=context.host.mode.value,
            state=context.host.engine.risk.state.value,
            timestamp=context.timestamp(),
        )

    return router


def _play(player: Player, asked: ReplayRequest) -> str:
    if asked.speed is not None:
        return player.set_speed(asked.speed)
    actions = {
        "pause": player.hold, "resume": player.go_on, "step": player.step, "next_verdict": player.seek_verdict,
    }  # fmt: skip
    return actions[asked.action]()
