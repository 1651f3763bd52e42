"""Roles, and what each theme makes of them. A role is a meaning; a colour never carries one alone."""

from collections.abc import Mapping
from functools import lru_cache

from rich.color import ColorSystem
from rich.style import Style

ROLES = (
    "text", "strong", "dim", "faint", "good", "bad", "warn", "info", "price", "cursor",
    "past_good", "past_bad", "frame", "frame_focus", "key", "paper", "test", "live", "alarm", "stale", "shade",
)  # fmt: skip
"""`alarm` must not be overlooked; `paper`, `test`, `live` are the modes' badges; `shade` stands behind what opens;
`past_good` and `past_bad` are candles of before the engine's first print."""

DARK = {
    "back": "#0e1116", "text": "#d3dae3", "strong": "#ffffff", "dim": "#8b96a5", "faint": "#4a5462",
    "past_good": "#3f7a61", "past_bad": "#96525a",
    "good": "#41c88a", "bad": "#ff6b6b", "warn": "#f0b95b", "info": "#6cb6ff", "price": "#ffffff",
    "frame": "#3a4452", "frame_focus": "#6cb6ff", "cursor_back": "#243447", "stale": "#6b7480", "shade": "#454f5d",
    "paper_back": "#2b6cb0", "test_back": "#c98a1b", "live_back": "#d61f1f", "alarm_back": "#d61f1f", "on": "#ffffff",
}  # fmt: skip
LIGHT = {
    "back": "#fafbfc", "text": "#1f2630", "strong": "#000000", "dim": "#5b6573", "faint": "#9aa4b1",
    "past_good": "#7fb79b", "past_bad": "#d99090",
    "good": "#0a7a46", "bad": "#c21f1f", "warn": "#9a5b00", "info": "#0b5cad", "price": "#000000",
    "frame": "#b4bdc8", "frame_focus": "#0b5cad", "cursor_back": "#dbe8f6", "stale": "#8d96a2", "shade": "#c3cad3",
    "paper_back": "#0b5cad", "test_back": "#9a5b00", "live_back": "#c21f1f", "alarm_back": "#c21f1f", "on": "#ffffff",
}  # fmt: skip
SAFE = DARK | {
    "past_good": "#3d6f8c", "past_bad": "#8f6a1e",
    "good": "#56b4e9", "bad": "#e69f00", "warn": "#f0e442", "info": "#56b4e9",
    "paper_back": "#0072b2", "test_back": "#806a00", "live_back": "#b5410c", "alarm_back": "#b5410c",
}  # fmt: skip
ANSI = {
    "back": "default", "text": "default", "strong": "default", "dim": "default", "faint": "bright_black",
    "past_good": "green", "past_bad": "red",
    "good": "green", "bad": "red", "warn": "yellow", "info": "cyan", "price": "default",
    "frame": "bright_black", "frame_focus": "cyan", "cursor_back": "blue", "stale": "bright_black",
    "shade": "bright_black",
    "paper_back": "blue", "test_back": "magenta", "live_back": "red", "alarm_back": "red", "on": "bright_white",
}  # fmt: skip

THEMES = {"dark": DARK, "light": LIGHT, "colour-blind": SAFE, "ansi": ANSI}
"""What an operator may choose; `mono` is what NO_COLOR gets."""
MONO = "mono"
_BOLD = frozenset({"strong", "price", "bad", "warn", "key", "frame_focus"})
_BADGES = frozenset({"paper", "test", "live", "alarm"})


@lru_cache(maxsize=512)
def style(theme: str, role: str) -> Style:
    """The style of a role in a theme. An unknown role is drawn as text."""
    if theme == MONO:
        return _mono(role)
    colours = THEMES.get(theme, DARK)
    back = colours["back"]
    if role in _BADGES:
        return Style(color=colours["on"], bgcolor=colours[f"{role}_back"], bold=True)
    if role == "cursor":
        return Style(color=colours["on"] if theme == "ansi" else colours["strong"], bgcolor=colours["cursor_back"])
    if role == "key":
        return Style(color=colours["info"], bgcolor=back, bold=True)
    return Style(color=colours.get(role, colours["text"]), bgcolor=back, bold=role in _BOLD)


def _mono(role: str) -> Style:
    if role in ("live", "alarm"):
        return Style(bold=True, reverse=True, underline=True)
    if role in ("paper", "test", "cursor"):
        return Style(reverse=True, bold=role == "test")
    return Style(bold=role in _BOLD, dim=role in ("faint", "frame", "stale", "shade", "past_good", "past_bad"))


def colour_system(environ: Mapping[str, str]) -> ColorSystem:
    """As many colours as the terminal says it has, told as Textual tells it."""
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return ColorSystem.TRUECOLOR
    name = environ.get("TERM", "").strip().lower()
    if name in ("dumb", "unknown", ""):
        return ColorSystem.TRUECOLOR
    kinds = {"kitty": ColorSystem.EIGHT_BIT, "256color": ColorSystem.EIGHT_BIT, "16color": ColorSystem.STANDARD}
    return kinds.get(name.rpartition("-")[2], ColorSystem.STANDARD)
