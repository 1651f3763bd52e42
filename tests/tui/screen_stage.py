"""A screen on a stored scene or on a real simulated engine, with a clock that stands still and no colour of ours."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from scenes import Scene, scene
from simulated_engine import SimulatedEngine
from textual.pilot import Pilot

from cockpit.client.link import LinkChange
from cockpit.config.model import CockpitConfig
from cockpit.domain.command_line import Call
from cockpit.domain.line_tokens import Known, OpenTrade
from cockpit.domain.signal_sources import SourceScore
from cockpit.domain.stream import Frame
from cockpit.domain.verdict import Target
from cockpit.tui.app import CockpitApp
from cockpit.tui.flatten import DirectFlatten
from cockpit.tui.settings import ScreenSettings
from tests.patience import patient_s

SIZES = [(120, 40), (80, 24), (60, 20)]


VERDICT = {
    "verdict": {
        "proposal": {"asset": "BTC", "side": "long"},
        "checks": [
            {"outcome": "pass", "sentence": "3 trades left"},
            {"outcome": "reduce", "sentence": "size 0.70x: 44.1 % short"},
            {"outcome": "block", "sentence": "short % 56.2 at or above 54.0 (BTC): no shorts into heavy shorts"},
        ]
    },
    "traded": {
        "qty": 0.0002, "notional_usd": 21.94, "stop_bps": 28.0, "loss_at_stop_usd": 0.08, "fees_usd": 0.02,
        "break_even_all": 58.0, "break_even_first": None,
    },
    "would_send": False, "not_sent_because": "short % 56.2 at or above 54.0 (BTC)", "passes": ["trades"],
}  # fmt: skip


class Clock:
    """The screen's clock, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class StandingLink(SimulatedEngine):
    """A scene that does not go on. Commands are kept in `asked`, and answered."""

    def __init__(self, shown: Scene) -> None:
        self.scene = shown
        self.asked: list[tuple[Any, ...]] = []
        self.refusal: Exception | None = None
        self.previewed: list[dict[str, Any]] = []
        self.verdict = dict(VERDICT)
        self.scores: tuple[SourceScore, ...] | None = ()

    async def frames(self) -> AsyncIterator[Frame | LinkChange]:
        yield LinkChange(True, 0.0)
        for frame in self.scene.frames:
            yield frame
        await asyncio.Event().wait()

    async def _ask(self, *asked: Any) -> str:
        self.asked.append(asked)
        if self.refusal is not None:
            raise self.refusal
        return "done"

    async def arm(self, holds_s: float = 5.0) -> str:
        return await self._ask("arm")

    async def disarm(self) -> str:
        return await self._ask("disarm")

    async def halt(self, reason: str) -> str:
        return await self._ask("halt", reason)

    async def resume(self, reason: str) -> str:
        return await self._ask("resume", reason)

    async def flatten(self, reason: str) -> str:
        return await self._ask("flatten")

    async def set_mode(self, mode: Any, override_reason: str = "") -> str:
        return await self._ask("set_mode", mode.value, override_reason)

    async def accept_bands(self, asset: str, proposal_id: str) -> str:
        return await self._ask("accept_bands", asset, proposal_id)

    async def stop(self, *, flatten: bool = False, leave_stops: bool = False) -> str:
        return await self._ask("stop", flatten, leave_stops)

    async def replay(self, action: str, speed: float | None = None) -> str:
        return await self._ask("replay", action, speed)

    async def do(self, call: Call) -> dict[str, Any]:
        if call.reads_only:
            self.previewed.append(call.body)
            return self.verdict
        return {"sentence": await self._ask(call.path, call.body)}

    async def known(self, risk_usd: float | None = None) -> Known:
        now = self.scene.snapshot
        trades = [view.trade for view in now.open_trades]
        return Known(
            prices={asset.asset: asset.price for asset in now.assets},
            trades=tuple(OpenTrade(trade.trade_id, trade.asset, trade.entry_order_id) for trade in trades),
            venues=("okx",),
            setups=("btc_lower_band_long",),
            templates={"scalp": (Target(25.0, 45.0), Target(50.0, 55.0))},
            risk_usd=risk_usd,
        )

    async def source_scores(self) -> tuple[SourceScore, ...] | None:
        if self.refusal is not None:
            raise self.refusal
        return self.scores

    async def manual(self) -> dict[str, Any]:
        return {"size_presets_usd": [20.0, 40.0, 80.0]}


class Stage:
    """The app, its clock, its engine and the pilot that presses its keys."""

    def __init__(self, app: CockpitApp, link: Any, clock: Clock, pilot: Pilot[str]) -> None:
        self.app, self.link, self.clock, self.pilot = app, link, clock, pilot

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
        await self.settle()

    async def settle(self) -> None:
        await self.pilot.pause()
        self.app.redraw()
        await self.pilot.pause()

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(patient_s(10)):
            while not met():
                await self.pilot.pause()
        await self.settle()

    def rows(self) -> list[str]:
        """What is on the terminal, row by row, with whatever is open over the panes."""
        size = self.app.size
        rows = [[" "] * size.width for _ in range(size.height)]
        for screen in self.app.screen_stack:
            for y, strip in enumerate(screen._compositor.render_strips(size)):
                if strip.text.strip():
                    rows[y] = list(strip.text)
        return ["".join(row) for row in rows]

    def text(self) -> str:
        return "\n".join(self.rows())


def make_app(link: Any, clock: Clock, direct_flatten: DirectFlatten | None = None, **settings: Any) -> CockpitApp:
    return CockpitApp(lambda: link, ScreenSettings(**settings), clock=clock, direct_flatten=direct_flatten)


@asynccontextmanager
async def staged(link: Any, size: tuple[int, int] = (120, 40), **settings: Any) -> AsyncIterator[Stage]:
    """A running screen that has seen the engine's first words."""
    clock = Clock()
    settings.setdefault("save_to", tempfile.gettempdir())
    app = make_app(link, clock, **settings)
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, link, clock, pilot)
        await stage.until(lambda: app.store.snapshot is not None)
        yield stage


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes the picture from outside is not there."""
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_ANIMATIONS", "TEXTUAL_FPS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def trading() -> Scene:
    return scene("trading")


@pytest.fixture(scope="session")
def later() -> Scene:
    return scene("later")


@pytest.fixture(scope="session")
def quiet() -> Scene:
    return scene("quiet")


@pytest.fixture(scope="session")
def flat() -> Scene:
    return scene("flat")


@pytest.fixture
def simulated(shipped_config: CockpitConfig) -> Iterator[SimulatedEngine]:
    engine = SimulatedEngine(shipped_config)
    engine.run_to(3)
    yield engine
