"""The one table of keys. The footer, the help screen, the palette and the docs are drawn from it, and from it only."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cockpit.tui.panes import table


class KeyAction(NamedTuple):
    """Something the operator can ask for. `keys` are Textual key names; `label` is what the footer says.

    `everywhere` keys work from every focus, modal and input: they must not be printable. `over` actions work over what
    is open too: their ctrl and function keys from every input, their printable keys wherever no text is typed. `rank`
    orders the footer; 0 keeps an action out of it. `group` heads its part of the help.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    group: str
    rank: int = 0
    everywhere: bool = False
    over: bool = False


HANDS = "Trading by hand"
ENGINE, PANES, SCREENS, REPLAY, LEAVE = "Engine", "Panes", "Screens", "Replaying a recording", "Leaving"
FLATTEN = "flatten"

TABLE: tuple[KeyAction, ...] = (
    KeyAction(
        FLATTEN, ("f12", "ctrl+backslash"), "FLATTEN", "Close all at market, then halt: press twice", ENGINE, 1, True
    ),
    KeyAction("arm", ("a",), "arm", "Arm or disarm: let setups trade, or open nothing more", ENGINE, 2),
    KeyAction("disarm", ("f8",), "disarm", "Disarm: open nothing more; also while typing", ENGINE, over=True),
    KeyAction("halt", ("h", "f9"), "halt", "Halt: no entries until resumed, exits keep working", ENGINE, 3, over=True),
    KeyAction("resume", ("r",), "resume", "Resume after a halt; asks for the reason", ENGINE, 5),
    KeyAction("mode_paper", ("p",), "paper", "Paper mode: nobody's money", ENGINE, 0),
    KeyAction("mode_test", ("t",), "test", "Test mode: real money, small limits, by a typed word", ENGINE, 0),
    KeyAction("mode_live", ("l",), "live", "Live mode: the hot wallet, by a typed word", ENGINE, 0),
    KeyAction("bands", ("b",), "new bands", "The asset's proposed bands: accept them, or not", ENGINE, 16),
    KeyAction("ticket", ("E",), "ticket", "An entry by hand with the gate's verdict, while armed", HANDS, 16),
    KeyAction("command", ("colon",), "command", "The command line: long btc 30 stop 28, close 2 half", HANDS, 17),
    KeyAction("trade_close", ("X",), "close", "Close the chosen trade at market", HANDS),
    KeyAction("trade_half", ("H",), "half off", "Close half of the chosen trade", HANDS),
    KeyAction("trade_quarter", ("Q",), "quarter off", "Close a quarter of the chosen trade", HANDS),
    KeyAction("trade_most", ("M",), "3/4 off", "Close three quarters of the chosen trade", HANDS),
    KeyAction("stop_to_entry", ("B",), "stop to entry", "The chosen trade's stop to its entry plus fees", HANDS),
    KeyAction("stop_tighter", ("N",), "stop nearer", "The chosen trade's stop nearer by 5 bps", HANDS),
    KeyAction("stop_to_price", ("P",), "stop to price", "Write the chosen trade's stop on the command line", HANDS),
    KeyAction("trail", ("T",), "trail", "Write a trail, as 20 bps or 0.5r, on the command line", HANDS),
    KeyAction("trail_off", ("U",), "no trail", "The chosen trade's stop stays where it is", HANDS),
    KeyAction("targets", ("G",), "targets", "Write the chosen trade's targets on the command line", HANDS),
    KeyAction("no_targets", ("D",), "no targets", "Take the chosen trade's targets away", HANDS),
    KeyAction("time_stop", ("O",), "time stop", "Write the trade's time stop on the command line", HANDS),
    KeyAction("no_time_stop", ("W",), "no time stop", "Take the chosen trade's time stop away", HANDS),
    KeyAction("cancel_entry", ("C",), "cancel entry", "Cancel the chosen trade's resting entry", HANDS),
    KeyAction("reverse", ("V",), "reverse", "Write the trade's reversal on the command line", HANDS),
    KeyAction("adopt", ("A",), "adopt", "Adopt a foreign position, on the command line", HANDS),
    KeyAction("alarm", ("L",), "alarm", "Write an alarm at the price on the command line", HANDS),
    KeyAction("drop_alarm", ("K",), "drop alarm", "Write the newest alarm's end on the command line", HANDS),
    *(KeyAction(f"pane_{table.NUMBERS[pane.id]}", (pane.key,), pane.label, pane.help, PANES) for pane in table.PANES),
    KeyAction("zoom", ("z",), "zoom", "The focused pane on the whole screen, and back", PANES, 9),
    KeyAction("asset", ("n",), "next asset", "The next asset on the ladder and in the status line", PANES, 10),
    KeyAction("map", ("m",), "map", "The ladder: near the price, or the whole map of bands", PANES, 17),
    KeyAction("rows_wider", ("minus",), "rows wider", "Ladder rows of more bps: further out", PANES),
    KeyAction("rows_finer", ("plus", "equals_sign"), "rows finer", "Ladder rows of fewer bps: closer in", PANES),
    KeyAction("recentre", ("x",), "recentre", "Bring the price back to the middle of the ladder", PANES),
    KeyAction("candles", ("i",), "candles", "The chart's next candles: 1 s to 1 h", PANES),
    KeyAction("prints", ("u",), "prints", "The tape's next least size; forced orders always show", PANES),
    KeyAction("layout", ("w",), "layout", "The next layout: default, chart, flow, your own", PANES, 18),
    KeyAction("pause", ("space",), "pause", "Hold the focused pane still, or let it go on", PANES, 11),
    KeyAction("filter", ("slash",), "filter", "Filter the gate log by words", PANES, 8),
    KeyAction("detail", ("enter",), "detail", "Open the verdict under the cursor: every check", PANES, 7),
    KeyAction("checklist", ("c",), "checklist", "The checklist before a session; space ticks a point", SCREENS, 6),
    KeyAction("history", ("e",), "trades", "Closed trades, the equity curve, the day's statistics", SCREENS, 12),
    KeyAction("sources", ("S",), "sources", "Signal sources: limits, what is cut off, their scores", SCREENS),
    KeyAction("events", ("o",), "log", "What the engine said: states, answers, notices", SCREENS, 13),
    KeyAction("theme", ("y",), "theme", "The next theme: dark, light, colour-blind, ansi", SCREENS),
    KeyAction("copy", ("k",), "copy", "Copy the verdict, trade or news to the clipboard", SCREENS),
    KeyAction("save", ("s",), "save", "Save the screen as SVG", SCREENS, over=True),
    KeyAction("help", ("question_mark", "f1"), "help", "Every key", SCREENS, 4),
    KeyAction("palette", ("ctrl+p",), "palette", "Find any of these by name", SCREENS, 0, True),
    KeyAction("replay_pause", ("comma",), "hold", "Hold the recording, or let it go on", REPLAY),
    KeyAction("replay_step", ("full_stop",), "step", "One event of the recording, then hold", REPLAY),
    KeyAction("replay_verdict", ("v",), "next verdict", "Run to the gate's next verdict, then hold", REPLAY),
    KeyAction("replay_slower", ("left_square_bracket",), "slower", "Play the recording slower", REPLAY),
    KeyAction("replay_faster", ("right_square_bracket",), "faster", "Play the recording faster", REPLAY),
    KeyAction("start", ("g",), "start engine", "Start this profile's engine again, where it has ended", LEAVE),
    KeyAction("detach", ("d",), "detach", "Leave the screen; the engine goes on", LEAVE, 14),
    KeyAction("quit", ("q", "ctrl+c"), "quit", "Leave, and choose what becomes of the engine", LEAVE, 15),
)  # fmt: skip
BY_ID = {action.id: action for action in TABLE}
RESERVED = frozenset({"escape", "up", "down", "pageup", "pagedown", "home", "end", "tab", "shift+tab", "enter"})
"""Keys that move about; only what they already do by default may be bound to them."""

_NAMES = {
    "slash": "/", "question_mark": "?", "space": "space", "enter": "Enter", "escape": "Esc",
    "left_square_bracket": "[", "right_square_bracket": "]", "comma": ",", "full_stop": ".", "colon": ":",
    "backslash": "\\",
    "minus": "-", "plus": "+", "equals_sign": "=",
}  # fmt: skip


class KeymapError(ValueError):
    """A keymap that must not be used; the message says what was expected and what was found."""


def keymap(overrides: Mapping[str, str | Iterable[str]] | None = None) -> dict[str, tuple[str, ...]]:
    """Keys by action, with the operator's own in place of the defaults.

    Raises `KeymapError` for an unknown action, two actions on one key, or a flatten with no key that works everywhere.
    """
    bound = {action.id: action.keys for action in TABLE}
    for name, wanted in (overrides or {}).items():
        if name not in bound:
            raise KeymapError(f"keys.{name}: expected an action of {', '.join(bound)}, was '{name}'")
        bound[name] = _keys(name, wanted)
    if not bound[FLATTEN]:
        raise KeymapError(f"keys.{FLATTEN}: expected at least one key for the emergency exit, was none")
    for name, keys in bound.items():
        for key in keys:
            _check_key(name, key)
    _refuse_clashes(bound)
    return bound


def shown(key: str) -> str:
    """A key as people write it: `^X`, `F12`, `/`."""
    if key in _NAMES:
        return _NAMES[key]
    if key.startswith("ctrl+"):
        return f"^{_NAMES.get(bare := key.removeprefix('ctrl+'), bare.upper())}"
    return key.upper() if len(key) > 1 and key[0] == "f" and key[1:].isdigit() else key


def _keys(name: str, wanted: str | Iterable[str]) -> tuple[str, ...]:
    parts = wanted.split(",") if isinstance(wanted, str) else list(wanted)
    if not all(isinstance(part, str) for part in parts):
        raise KeymapError(f"keys.{name}: expected key names like 'f12,ctrl+x', was {wanted!r}")
    return tuple(part.strip() for part in parts if part.strip())


def _check_key(name: str, key: str) -> None:
    if BY_ID[name].everywhere and not is_everywhere(key):
        raise KeymapError(
            f"keys.{name}: expected a function or ctrl key, which works while a text is typed, was '{key}'"
        )
    if key in RESERVED and key not in BY_ID[name].keys:
        raise KeymapError(f"keys.{name}: expected a key that does not move about already, was '{key}'")
    if not is_key(key):
        raise KeymapError(f"keys.{name}: expected a key name like 'f5', 'ctrl+o' or 'x', was '{key}'")


def meant_over(bound: Mapping[str, tuple[str, ...]], key: str) -> str | None:
    """The action that a key means where no text is typed, over a sheet or a question; None for any other key."""
    return next((name for name, keys in bound.items() if BY_ID[name].over and key in keys), None)


def over(bound: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """The keys that mean something over a sheet or a question: those of `over` actions, and those that arm."""
    return frozenset(key for name, keys in bound.items() if BY_ID[name].over or name == "arm" for key in keys)


def is_everywhere(key: str) -> bool:
    """Whether a key reaches the app from an input too: ctrl and function keys do, printable ones are typed."""
    return key.startswith("ctrl+") or (key[:1] == "f" and key[1:].isdigit())


def is_key(key: str) -> bool:
    """Whether a terminal can send this key under this name."""
    bare = key.removeprefix("ctrl+").removeprefix("shift+").removeprefix("alt+")
    if bare[:1] == "f" and bare[1:].isdigit():
        return 1 <= int(bare[1:]) <= 24
    return len(bare) == 1 or bare in _NAMES or bare in {"tab", "backspace", "delete", "insert", *RESERVED}


def _refuse_clashes(bound: Mapping[str, tuple[str, ...]]) -> None:
    owner: dict[str, str] = {}
    for name, keys in bound.items():
        for key in keys:
            if owner.setdefault(key, name) != name:
                raise KeymapError(f"keys.{name}: expected a key of its own, was '{key}', which is {owner[key]}'s")
