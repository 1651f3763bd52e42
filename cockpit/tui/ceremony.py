"""Questions before something is done: a reason to resume, and the ceremony before real money."""

from collections.abc import Sequence

from cockpit.domain.bands import BandProposal, ProposedBand
from cockpit.domain.kinds import Mode
from cockpit.domain.snapshot import AssetView
from cockpit.tui import numbers
from cockpit.tui.picture import Appearance
from cockpit.tui.screens.ask import Ask
from cockpit.tui.screens.checklist import limits, ticked_text, what_is_seen
from cockpit.tui.screens.choose import Choice, Choose
from cockpit.tui.text import Line, clean
from cockpit.tui.view import View, halted_text

# The question before proposed bands take the place of those in force: what would change, and on what ground.

ACCEPT = "accept"

Band = tuple[float, float]


def bands(asset: AssetView, proposal: BandProposal, appearance: Appearance) -> Choose:
    """Asks whether these bands are to be traded from now on; answered with `ACCEPT` or left."""
    when = f"Drawn {numbers.clock(proposal.ts_ns)}Z at {_price(proposal.price)}; in force until the UTC day ends."
    lines: list[Line] = [((when, "dim"),)]
    sides = (
        ("upper", proposal.upper, proposal.new_upper, asset.bands_upper),
        ("lower", proposal.lower, proposal.new_lower, asset.bands_lower),
    )
    for name, drawn, new, before in sides:
        lines += [(), *_side(name, drawn, new, before)]
    if proposal.explained_pct is not None:
        share, source = f"{proposal.explained_pct:.0f} % of open interest", clean(proposal.map_source)
        ground = f"Estimated bands rest on {share} ({source})."
        lines += [(), ((ground, "warn"),)]
    return Choose(
        f"New bands of {asset.asset}?", lines, [Choice("y", ACCEPT, "use these bands until 00:00 UTC")], appearance
    )


def _side(name: str, drawn: Sequence[ProposedBand], new: Sequence[Band], before: Sequence[Band]) -> list[Line]:
    if not drawn:
        return [((f"{name} stays ", "strong"), (_bands(new), "text"))]
    lines: list[Line] = [((f"{name} ", "strong"), (_bands(new), "good")), ((f"  was {_bands(before)}", "dim"),)]
    for band in drawn:
        lines.append(((f"  {_band((band.low, band.high))}: {clean(band.why)}", "text"),))
    return lines


def _bands(bands: Sequence[Band]) -> str:
    return "  ".join(_band(band) for band in bands) or "none"


def _band(band: Band) -> str:
    low, high = band
    return _price(low) if low == high else f"{_price(low)}-{_price(high)}"


def _price(price: float) -> str:
    return f"{price:,.8g}"


def resume(view: View, appearance: Appearance) -> Ask:
    """Asks why it is right to go on."""
    now = view.snapshot
    halt = now.halt if now is not None else None
    why = f"halted {halted_text(halt)}" if halt is not None else "the engine is not halted"
    lines: list[Line] = [((clean(why), "text"),)]
    lines += [(), (("What was reviewed, and why may entries start again?", "strong"),)]
    return Ask("Resume", lines, appearance, check=lambda text: "" if text else "expected a reason, was none")


def mode(view: View, wanted: Mode, appearance: Appearance, ticked: frozenset[str] = frozenset()) -> Ask:
    """Asks for the mode's name, and takes a reason after it that overrides a locked way up."""
    override = f"To override the lock type: {wanted.value} REASON (journalled)."
    lines = [_badge(wanted), *_limits(view, wanted), (), *_seen(view), *_own(view, ticked), ()]
    lines += [((override, "dim"),), ()]
    lines.append(((f"Type {wanted.value}: it also disarms.", "strong"),))
    return Ask(
        f"{wanted.value} mode", lines, appearance, check=lambda text: _wrong_text(text.partition(" ")[0], wanted.value)
    )


def arm(view: View, current: Mode, appearance: Appearance, ticked: frozenset[str] = frozenset()) -> Ask:
    """Asks for the word that lets setups trade real money."""
    word = f"arm {current.value}"
    lines = [_badge(current), *_limits(view, current), (), *_seen(view), *_own(view, ticked), ()]
    lines.append(((f"Type {word}: setups trade.", "strong"),))
    return Ask(f"Arm in {current.value} mode", lines, appearance, check=lambda text: _wrong_text(text, word))


def filter_log(current: str, appearance: Appearance) -> Ask:
    """Asks for the words a verdict must have."""
    lines: list[Line] = [
        (("Words a verdict must have: setup, asset, side, approved, denied, reason. Empty shows all.", "text"),)
    ]
    return Ask("Filter the gate log", lines, appearance, check=lambda _text: "", start=current)


def override_reason(answer: str) -> str:
    """What was typed after the mode's name."""
    return answer.partition(" ")[2].strip()


def _wrong_text(typed: str, word: str) -> str:
    return "" if typed.lower() == word else f"expected {word}, was '{typed}'"


def _badge(wanted: Mode) -> Line:
    money = {
        Mode.PAPER: "nobody's money",
        Mode.TEST: "REAL MONEY, small limits",
        Mode.LIVE: "REAL MONEY, the hot wallet",
    }
    return ((f" {wanted.value.upper()} ", wanted.value), (f"  {money[wanted]}", "strong"))


def _limits(view: View, of: Mode) -> list[Line]:
    return [((clean(sentence), "text"),) for sentence in limits(view, of.value)]


def _seen(view: View) -> list[Line]:
    """What is not in order; one line when all is."""
    seen = what_is_seen(view.snapshot, view.store.process)
    open_points = [item for item in seen if not item.ok]
    if not open_points:
        return [((f"{view.glyphs.yes} checklist: all {len(seen)} points the engine can see are in order", "good"),)]
    head: Line = ((f"checklist: {len(open_points)} of {len(seen)} points are not in order", "warn"),)
    return [head, *(((f"  {view.glyphs.no} {clean(item.text)}", "warn"),) for item in open_points)]


def _own(view: View, ticked: frozenset[str]) -> list[Line]:
    """How far the operator's own checklist is."""
    text = ticked_text(view, ticked)
    is_done = set(view.store.briefing.checklist) <= ticked
    return [((f"your own points: {text}", "good" if is_done else "warn"),)] if text else []
