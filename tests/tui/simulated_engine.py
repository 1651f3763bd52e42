"""A real engine on the simulated market, in this process, as a screen sees it: frames out, commands in. No clock."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import count

from cockpit.api.frames import briefing_of
from cockpit.client.errors import EngineRefused
from cockpit.client.link import LinkChange
from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import AnyAction, CommandAnswered
from cockpit.domain.commands import AcceptBands, AnyCommand, Arm, Disarm, Flatten, HaltTrading, Resume, SetMode
from cockpit.domain.events import MarketEvent, Tick
from cockpit.domain.kinds import Mode
from cockpit.domain.signal_sources import SourceScore
from cockpit.domain.stream import DetailFrame, Frame, Hello, LogFrame, ProcessView, SnapshotFrame, TaskView
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.engine.views import snapshot
from cockpit.feeds.simulated.market import SimulatedMarket
from cockpit.market.detail import DetailCursor, MarketDetail
from cockpit.paper.venue import PaperVenue
from cockpit.runtime.log_ring import LogRing

START_NS = 1_760_882_400 * NS_PER_S
SEED = 27


class SimulatedEngine:
    """Engine, venue and market, moved on by hand with `run_to`; an `EngineLink` for the screen."""

    def __init__(self, config: CockpitConfig, seed: int = SEED) -> None:
        self.engine = Engine(config, START_NS, Mode.PAPER)
        self.log = LogRing()
        self.sent: list[AnyCommand] = []
        self.answers: list[CommandAnswered] = []
        self.stopped: list[str] = []
        self._config = config
        self.detail = MarketDetail({name: asset.watch for name, asset in config.assets.items()})
        self._session = Session(self.engine, PaperVenue(config), actions=[self], inputs=[self.detail])
        market = SimulatedMarket(config, seed, START_NS)
        for past in market.past():
            self.detail.take_past(past)
        self._market: Iterator[MarketEvent] = market.events()
        self._next = next(self._market)
        self._ids = count(1)

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        self.log.on_actions(actions)
        self.answers += [action for action in actions if isinstance(action, CommandAnswered)]

    def run_to(self, seconds: float) -> None:
        """The market goes on until so many seconds after its start."""
        until_ns = START_NS + round(seconds * NS_PER_S)
        while self._next.ts_ns <= until_ns:
            self._session.feed(self._next)
            self._next = next(self._market)
        self._session.feed(Tick(until_ns))

    def feed(self, *events: MarketEvent) -> None:
        """What the simulated market does not have, at the engine's own time."""
        for event in events:
            self._session.feed(event)

    def give(self, make: Callable[[int, str], AnyCommand]) -> str:
        """A command, with 300 ms for the venue to act on it; raises what the deck would."""
        command = make(self.engine.now_ns, f"key-{next(self._ids)}")
        self.sent.append(command)
        self._session.feed(command)
        answer = self.answers[-1]
        self.run_to((self.engine.now_ns - START_NS + 300 * NS_PER_MS) / NS_PER_S)
        if not answer.ok:
            raise EngineRefused(answer.sentence, 409)
        return answer.sentence

    # Frames.

    def process(self) -> ProcessView:
        tasks = (TaskView("core", "running", 0, 60.0), TaskView("market", "running", 0, 60.0))
        return ProcessView(
            pid=4711, version="0.1.0", feed=f"simulated: seed {SEED}", speed=1.0, uptime_s=60.0, tasks=tasks, stalls=(),
            stalls_total=0, queue_length=0, faults=0, last_fault="", journal_ok=True, journal_pending=0,
            journal_error="", recording="x.rec", recording_error="", tick_to_verdict_p99_ms=0.21,
        )  # fmt: skip

    def hello(self) -> Hello:
        return Hello(1, "epoch", 1, self.log.last_seq, False, self.process(), briefing_of(self._config))

    def snapshot_frame(self) -> SnapshotFrame:
        return SnapshotFrame(snapshot(self.engine), self.process())

    def detail_frame(self) -> DetailFrame:
        return DetailFrame(tuple(tape.since(DetailCursor()) for tape in self.detail.assets.values()))

    def log_frames(self, after: int = 0) -> list[LogFrame]:
        return self.log.after(after, 100_000)

    def all_frames(self) -> list[Frame | LinkChange]:
        """What a screen that attaches now gets first."""
        return [LinkChange(True, 0.0), self.hello(), *self.log_frames(), self.detail_frame(), self.snapshot_frame()]

    # EngineLink.

    async def frames(self) -> AsyncIterator[Frame | LinkChange]:
        for frame in self.all_frames():
            yield frame

    async def arm(self, holds_s: float = 5.0) -> str:
        return self.give(lambda now_ns, command_id: Arm(now_ns, command_id, "screen"))

    async def disarm(self) -> str:
        return self.give(lambda now_ns, command_id: Disarm(now_ns, command_id, "screen"))

    async def halt(self, reason: str) -> str:
        return self.give(lambda now_ns, command_id: HaltTrading(now_ns, command_id, "screen", reason))

    async def resume(self, reason: str) -> str:
        return self.give(lambda now_ns, command_id: Resume(now_ns, command_id, "screen", reason))

    async def flatten(self, reason: str) -> str:
        return self.give(lambda now_ns, command_id: Flatten(now_ns, command_id, "screen", reason))

    async def set_mode(self, mode: Mode, override_reason: str = "") -> str:
        return self.give(lambda now_ns, command_id: SetMode(now_ns, command_id, "screen", mode, override_reason))

    async def accept_bands(self, asset: str, proposal_id: str) -> str:
        return self.give(lambda now_ns, command_id: AcceptBands(now_ns, command_id, "screen", asset, proposal_id))

    async def stop(self, *, flatten: bool = False, leave_stops: bool = False) -> str:
        self.stopped.append("flatten" if flatten else "leave_stops" if leave_stops else "stop")
        return "ending"

    async def replay(self, action: str, speed: float | None = None) -> str:
        raise EngineRefused("expected a recording, was a simulated market", 400)

    async def source_scores(self) -> tuple[SourceScore, ...] | None:
        return ()

    async def close(self) -> None:
        pass
