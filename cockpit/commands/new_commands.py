"""`cockpit new`: writes a working setup or feed of one's own with its test, and prints its entry for the config."""

import re
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from cockpit.commands.echo import echo
from cockpit.commands.front import YES, Front

KIND = re.compile(r"[a-z][a-z0-9_]{0,60}")

SETUP = '''\
"""CLASS: a close over the highest of the bars before it is bought."""

from typing import Annotated, Literal

from pydantic import Field

from cockpit.config.base import Positive
from cockpit.config.model import CockpitConfig
from cockpit.config.setups import OwnSetup
from cockpit.domain.kinds import Outcome
from cockpit.domain.verdict import Check, Proposal
from cockpit.market.bars import Bar
from cockpit.market.market import Market
from cockpit.setups.base import Setup
from cockpit.setups.guards import finding


class CLASS(Setup["Rules"]):
    """Idle until enough bars are known, then watching for the close over their high."""

    def __init__(self, name: str, rules: "Rules", config: CockpitConfig, market: Market) -> None:
        super().__init__(name, rules, config, market)
        self._high: float | None = None

    def guards(self, now_ns: int) -> tuple[Check, ...]:
        """Its own conditions at the gate, each with its numbers."""
        most, spread = self.rules.max_spread_bps, self.quotes.spread_bps
        name, limit = "setup_spread", f"<= {most:g} bps"
        if spread is None:
            return (finding(name, Outcome.NO_DATA, "no data", limit, "no data on the spread: no two-sided top yet"),)
        outcome = Outcome.BLOCK if spread > most else Outcome.PASS
        return (finding(name, outcome, f"{spread:.2f} bps", limit, f"spread {spread:.2f} bps, limit {most:g}"),)

    def on_bar(self, asset: str, bar: Bar, now_ns: int) -> Proposal | None:
        """Every closed bar of what it watches comes here, of every length that any setup asked for."""
        if asset != self.asset or bar.length_s != self.rules.bar_s:
            return None
        high, self._high = self._high, self._high_now()
        if self._high is not None:
            self.go_watching()
        if high is None or bar.close <= high:
            return None
        return self.proposal(self.side, f"a close at {self.price_text(bar.close)} over {self.price_text(high)}")

    def start_afresh(self) -> None:
        """It has cooled down: what was high before counts no more."""
        self._high = None
        self.go_idle()

    def idle_text(self, now_ns: int) -> str:
        """What the setups pane shows."""
        return f"{self.rules.bars} closed bars of {self.rules.bar_s:g} s"

    def watching_text(self, now_ns: int) -> str:
        return self.idle_text(now_ns) if self._high is None else f"a close over {self.price_text(self._high)}"

    def _high_now(self) -> float | None:
        bars = self.quotes.last_bars(self.rules.bar_s, self.rules.bars)
        return max(bar.high for bar in bars) if len(bars) == self.rules.bars else None


class Rules(OwnSetup):
    """The entry's keys beside those of every setup."""

    machine = CLASS
    kind: Literal["KIND"]
    bars: Annotated[int, Field(ge=1)]
    max_spread_bps: Positive

    @property
    def lookback_s(self) -> float:
        """How long bars are kept for it."""
        return max(self.window_s, self.bars * self.bar_s)
'''

SETUP_TEST = '''\
"""What KIND proposes, and what it does not."""

from pathlib import Path

from cockpit.testing import Prices, SetupBench

FILE = Path(__file__).parents[1] / "setups" / "KIND.py"
ENTRY = ENTRY_JSON


def test_a_close_over_the_high_is_bought() -> None:
    bench = SetupBench(FILE, ENTRY)
    for close in (190.0, 190.2, 190.1):
        bench.bar(SOL=close)
    assert bench.waiting_for == "a close over 190.20"
    bench.bar(SOL=190.3)
    assert [proposal.why for proposal in bench.proposals] == ["a close at 190.30 over 190.20"]


def test_a_wick_over_it_is_not() -> None:
    bench = SetupBench(FILE, ENTRY)
    for close in (190.0, 190.2, 190.1):
        bench.bar(SOL=close)
    bench.bar(SOL=Prices(open=190.1, high=190.4, low=190.0, close=190.1))
    assert bench.proposals == []


def test_a_wide_spread_denies() -> None:
    bench = SetupBench(FILE, ENTRY)
    bench.price("SOL", 190.0, spread_bps=20.0)
    assert bench.checks["setup_spread"].outcome == "block"
'''

FEED = '''\
"""CLASS: GET /positioning answers {"BTC": 56.2, ...}, the short % by asset."""

from typing import Literal

from cockpit.config.base import Positive
from cockpit.config.endpoints import HttpsUrl
from cockpit.config.model import CockpitConfig, OwnFeed
from cockpit.domain.events import Positioning
from cockpit.domain.kinds import Reading
from cockpit.exchanges.base.answers import number
from cockpit.exchanges.base.feed import Feed
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.base.web import JsonSite
from cockpit.feeds.polled import RepeatedFeed


def KIND(name: str, rules: "Rules", config: CockpitConfig, timing: Timing) -> Feed:
    """Asked as often as the config's `feeds.positioning` says, less often while it fails."""
    site = JsonSite(rules.url, rules.timeout_s, timing.clock)

    async def ask() -> list[Positioning]:
        """Raises `FeedTrouble` where the answer is none: the feed is said to be down, with the reason."""
        shares = await site.get("/positioning")
        found = []
        for asset in config.assets:
            short_pct = number(shares, asset, name)
            found.append(Positioning(timing.clock(), asset, name, 100.0 - short_pct, short_pct))
        return found

    return RepeatedFeed(name, Reading.POSITIONING, config.feeds.positioning, ask, site, timing)


class Rules(OwnFeed):
    """The entry's keys."""

    reading = Reading.POSITIONING
    worker = staticmethod(KIND)
    kind: Literal["KIND"]
    url: HttpsUrl
    timeout_s: Positive = 5.0
'''

FEED_TEST = '''\
"""What the service says is what the engine hears."""

from pathlib import Path

from cockpit.domain.events import FeedHealth, Positioning
from cockpit.testing import FeedBench

FILE = Path(__file__).parents[1] / "feeds" / "KIND.py"


def test_the_short_share_comes_through() -> None:
    bench = FeedBench(FILE, {}, {"/positioning": {"BTC": 56.2, "SOL": 50.0, "XRP": 61.0, "ETH": 49.5}})
    events = [event for event in bench.events(5) if isinstance(event, Positioning)]
    assert (events[0].asset, events[0].short_pct) == ("BTC", 56.2)


def test_a_service_without_an_answer_is_said_to_be_down() -> None:
    (word,) = FeedBench(FILE, {}, {}).events(1)
    assert isinstance(word, FeedHealth)
    assert word.state == "down"
'''

SETUP_ENTRY: dict[str, Any] = {
    "asset": "SOL",
    "size_multiplier": 0.5,
    "cooldown_s": 60,
    "bar_s": 5,
    "bars": 3,
    "max_spread_bps": 6,
    "stop_bps": 30,
    "targets": [{"distance_bps": 25, "share_pct": 60}, {"distance_bps": 50, "share_pct": 40}],
}
FEED_ENTRY: dict[str, Any] = {"url": "https://example.com"}


class Scaffold(NamedTuple):
    """The texts of one kind of file, and where its entry goes."""

    folder: str
    section: str
    text: str
    test: str
    entry: dict[str, Any]


SCAFFOLDS = {
    "setup": Scaffold("setups", "setups", SETUP, SETUP_TEST, SETUP_ENTRY),
    "feed": Scaffold("feeds", "own_feeds", FEED, FEED_TEST, FEED_ENTRY),
}


class NotNew(Exception):
    """Nothing was written. Its text says why, as a line for the operator."""


def write_scaffold(what: str, kind: str, beside: Path) -> tuple[list[Path], str]:
    """Write the file and its test into the directories beside a config; returns both, and the lines for the config.

    Raises `NotNew` for a name that is none, or where one of the files is there already.
    """
    import json

    if not KIND.fullmatch(kind):
        raise NotNew(f"expected a name of a-z, 0-9 and _, beginning with a letter, was {kind!r}")
    scaffold = SCAFFOLDS[what]
    words = {"CLASS": "".join(part.capitalize() for part in kind.split("_")), "KIND": kind}
    words["ENTRY_JSON"] = json.dumps(scaffold.entry, indent=4)
    texts = {
        beside / scaffold.folder / f"{kind}.py": scaffold.text,
        beside / "tests" / f"test_{kind}.py": scaffold.test,
    }
    for path in texts:
        if path.exists():
            raise NotNew(f"expected no {path} yet, was there already: nothing was written")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(text, words), encoding="utf-8")
    entry = {scaffold.section: {kind: {"kind": kind, **scaffold.entry}}}
    return list(texts), json.dumps(entry, indent=2)


def _filled(text: str, words: dict[str, str]) -> str:
    return re.sub("|".join(words), lambda found: words[found[0]], text)


NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Its kind: a-z, 0-9 and _.")]

new = typer.Typer(
    name="new",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Begin a setup or a feed of your own.\n\nWrites a working file and its test beside your config.\n\n"
    "Example: cockpit new setup breakout --config mine.json",
)


@new.command("setup")
def new_setup(ctx: typer.Context, name: NameArgument) -> int:
    """Write setups/NAME.py and tests/test_NAME.py beside the config.

    Prints the entry to add to the config. Nothing that is there is replaced.

    Example: cockpit new setup breakout --config mine.json
    """
    return _write(ctx.obj, "setup", name)


@new.command("feed")
def new_feed(ctx: typer.Context, name: NameArgument) -> int:
    """Write feeds/NAME.py and tests/test_NAME.py beside the config.

    Prints the entry to add to the config. Nothing that is there is replaced.

    Example: cockpit new feed my_positioning --config mine.json
    """
    return _write(ctx.obj, "feed", name)


def _write(front: Front, what: str, name: str) -> int:
    from cockpit.config.places import shipped_config_path

    config = front.places().config
    if config == shipped_config_path():
        raise NotNew("expected --config PATH of a config of your own, was the shipped one: copy it first")
    written, entry = write_scaffold(what, name, config.resolve().parent)
    for path in written:
        echo(f"wrote {path}")
    echo(f"add to {config}:")
    echo(entry)
    echo(f"then: python -m pytest {written[1]}; cockpit --config {config} validate")
    return YES
