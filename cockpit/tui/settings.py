"""What the operator chose for the screen, as plain values: the command line reads them from wherever they are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.color import ColorSystem

from cockpit.tui.keys import keymap
from cockpit.tui.layouts import BUILT_IN, DEFAULT, LayoutError, Named, read
from cockpit.tui.palette import MONO, THEMES, colour_system
from cockpit.tui.picture import Appearance
from cockpit.tui.store import SIGNALS

FEW_COLOURS = "ansi"
LOCAL_HZ = 10.0
REMOTE_HZ = 4.0
LOCAL_ESCAPE_S, REMOTE_ESCAPE_S = 0.1, 0.4


class SettingsError(ValueError):
    """A setting that cannot be used; the message says what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """`hz` is how often the picture changes at most; `flatten_presses` is 2, or 1 for those who want no question.

    `colour` False is NO_COLOR. `profile` names the engine in the terminal's title and the saved screens' names.
    `ticks_file` keeps the operator's ticks on the checklist, `choices_file` what was chosen to look at. `welcome` is
    for the very first start. `layout` is one of `layouts`, the operator's own among them.
    """

    hz: float = LOCAL_HZ
    theme: str = "dark"
    ascii_only: bool = False
    colour: bool = True
    flatten_presses: int = 2
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=keymap)
    profile: str = ""
    save_to: str = "."
    ticks_file: Path | None = None
    choices_file: Path | None = None
    welcome: bool = False
    host: str = ""
    bell: tuple[str, ...] = ()
    flash: tuple[str, ...] = ()
    mouse: bool = False
    layout: str = DEFAULT
    layouts: Mapping[str, Named | None] = field(default_factory=lambda: BUILT_IN)

    @property
    def identity(self) -> str:
        """Profile and host in a few cells: `main@box`, or where the engine is."""
        place = self.profile.partition("://")[2].strip("/")
        name = place or Path(self.profile).name
        return name if place or not self.host else f"{name}@{self.host}"

    @property
    def escape_s(self) -> float:
        """For how long an ESC waits for the rest of a report before it is the Esc key: a slow line takes longer."""
        return LOCAL_ESCAPE_S if self.hz > REMOTE_HZ else REMOTE_ESCAPE_S

    @property
    def appearance(self) -> Appearance:
        """How to draw, before the engine has said whose money it is."""
        return Appearance(self.theme if self.colour else MONO, self.ascii_only)

    def fitting(self, environ: Mapping[str, str], encoding: str) -> "ScreenSettings":
        """The same for this terminal: its own sixteen colours where it has no more, ASCII where it takes no more.

        A palette that is squeezed into sixteen colours makes one of what is good and of what is only said.
        """
        few = colour_system(environ) is ColorSystem.STANDARD
        is_ascii = self.ascii_only or not encoding.lower().replace("_", "-").startswith("utf")
        return replace(self, theme=FEW_COLOURS if few else self.theme, ascii_only=is_ascii)

    @classmethod
    def of(cls, chosen: Mapping[str, object], **given: object) -> "ScreenSettings":
        """From the operator's own values, named as in the config. Raises on one that cannot be."""
        known = {"bell", "flash", "mouse", "theme", "ascii", "flatten_presses", "keys", "layout", "layouts"}
        for name in chosen:
            if name not in known:
                raise SettingsError(f"screen.{name}: expected one of {', '.join(sorted(known))}, was '{name}'")
        theme, ascii_only = chosen.get("theme", "dark"), chosen.get("ascii", False)
        presses, own_keys = chosen.get("flatten_presses", 2), chosen.get("keys", {})
        if theme not in THEMES:
            raise SettingsError(f"screen.theme: expected one of {', '.join(THEMES)}, was {theme!r}")
        if presses not in (1, 2):
            raise SettingsError(f"screen.flatten_presses: expected 1 or 2, was {presses!r}")
        if not isinstance(ascii_only, bool):
            raise SettingsError(f"screen.ascii: expected true or false, was {ascii_only!r}")
        if not isinstance(own_keys, Mapping):
            raise SettingsError(f"screen.keys: expected keys by action, was {own_keys!r}")
        mouse = chosen.get("mouse", False)
        if not isinstance(mouse, bool):
            raise SettingsError(f"screen.mouse: expected true or false, was {mouse!r}")
        layouts = _layouts(chosen.get("layouts", {}))
        layout = chosen.get("layout", DEFAULT)
        if layout not in layouts:
            raise SettingsError(f"screen.layout: expected one of {', '.join(layouts)}, was {layout!r}")
        values = {
            "theme": theme,
            "ascii_only": ascii_only,
            "flatten_presses": presses,
            "keys": keymap(own_keys),
            "layout": layout,
            "layouts": layouts,
            "mouse": mouse,
            "bell": _signals("bell", chosen.get("bell", ())),
            "flash": _signals("flash", chosen.get("flash", ())),
        }
        return cls(**{**values, **given})  # type: ignore[arg-type]  # checked one by one above


def _signals(name: str, own: object) -> tuple[str, ...]:
    """For which of the signals."""
    if not isinstance(own, list | tuple) or not all(each in SIGNALS for each in own):
        raise SettingsError(f"screen.{name}: expected some of {', '.join(SIGNALS)}, was {own!r}")
    return tuple(own)


def _layouts(own: object) -> Mapping[str, Named | None]:
    """Ours, and the operator's own by their names."""
    if not isinstance(own, Mapping):
        raise SettingsError(f"screen.layouts: expected layouts by name, was {own!r}")
    try:
        return {**BUILT_IN, **{str(name): read(str(name), value) for name, value in own.items()}}
    except LayoutError as error:
        raise SettingsError(f"screen.{error}") from None
