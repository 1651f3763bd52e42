"""The keys of a recording: what they ask while one is played, and that they ask nothing on any other market."""

import msgspec
import pytest
from scenes import Scene
from screen_stage import StandingLink, staged

from cockpit.tui import replaying
from cockpit.tui.replaying import SPEEDS, faster, slower

REPLAY_KEYS = {"comma": "pause", "full_stop": "step", "v": "verdict", "left_square_bracket": "slower",
               "right_square_bracket": "faster"}  # fmt: skip


def played(shown: Scene, replay: str = "playing", speed: float = 10.0) -> Scene:
    process = msgspec.structs.replace(shown.last.process, feed="recorded: a.rec", replay=replay, speed=speed)
    return shown._replace(last=msgspec.structs.replace(shown.last, process=process))


@pytest.mark.parametrize(
    ("key", "state", "asked"),
    [
        ("comma", "playing", ("replay", "pause", None)),
        ("comma", "seeking", ("replay", "pause", None)),
        ("comma", "held", ("replay", "resume", None)),
        ("full_stop", "held", ("replay", "step", None)),
        ("v", "held", ("replay", "next_verdict", None)),
        ("left_square_bracket", "playing", ("replay", "speed", 5.0)),
        ("right_square_bracket", "playing", ("replay", "speed", 20.0)),
    ],
)
async def test_each_key_asks_for_its_part(trading: Scene, key: str, state: str, asked: tuple[object, ...]) -> None:
    async with staged(StandingLink(played(trading, state))) as stage:
        await stage.press(key)
        await stage.until(lambda: stage.link.asked == [asked])


@pytest.mark.parametrize("key", REPLAY_KEYS)
async def test_on_any_other_market_a_replay_key_asks_nothing_and_says_so(trading: Scene, key: str) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press(key)
        assert stage.link.asked == []
        assert f"{REPLAY_KEYS[key]}: expected a recording, was simulated: seed 27" in stage.text()


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
@pytest.mark.parametrize(
    ("state", "speed", "said"),
    [
        ("playing", 10.0, "REPLAY 10x"),
        ("playing", 0.0, "REPLAY UNPACED"),
        ("held", 10.0, "REPLAY PAUSED"),
        ("seeking", 1.0, "REPLAY TO VERDICT"),
        ("ended", 1.0, "REPLAY ENDED"),
    ],
)
async def test_the_status_line_says_how_it_is_played(
    trading: Scene, size: tuple[int, int], state: str, speed: float, said: str
) -> None:
    async with staged(StandingLink(played(trading, state, speed)), size) as stage:
        assert said in stage.text()


async def test_without_a_recording_the_status_line_says_nothing_of_it(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        assert "REPLAY" not in stage.text()
        assert replaying.text(None) == ""


def test_every_speed_is_reached_and_the_ends_hold() -> None:
    up, down = [SPEEDS[0]], [SPEEDS[-1]]
    for _ in SPEEDS:
        up.append(faster(up[-1]))
        down.append(slower(down[-1]))
    assert up == [*SPEEDS, SPEEDS[-1]]
    assert down == [*reversed(SPEEDS), SPEEDS[0]]
    assert (faster(3.0), slower(3.0), slower(1_000.0), faster(1_000.0)) == (5.0, 2.0, 100.0, 0.0)
