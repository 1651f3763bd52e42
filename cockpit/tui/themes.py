"""The palettes as Textual themes, for the few widgets that are not boards: inputs and the command palette."""

from textual.theme import BUILTIN_THEMES, Theme

from cockpit.tui import palette

PREFIX = "cockpit-"
ANSI_TEMPLATE = "ansi-dark"
"""Textual's own stylesheets want its variables when colours are the terminal's."""


def textual_themes() -> list[Theme]:
    """One Textual theme for each palette, and one without any colour."""
    found = [_theme(name, colours) for name, colours in palette.THEMES.items()]
    plain = dict.fromkeys(palette.ANSI, "default")
    return [*found, _theme(palette.MONO, plain)]


def _theme(name: str, colours: dict[str, str]) -> Theme:
    is_ansi = colours["back"] == "default"

    def colour(role: str) -> str:
        return f"ansi_{colours[role]}" if is_ansi else colours[role]

    return Theme(
        name=PREFIX + name,
        primary=colour("info"),
        secondary=colour("info"),
        warning=colour("warn"),
        error=colour("bad"),
        success=colour("good"),
        accent=colour("info"),
        foreground=colour("text"),
        background=colour("back"),
        surface=colour("back"),
        panel=colour("cursor_back"),
        dark=name != "light",
        ansi=is_ansi,
        variables=dict(BUILTIN_THEMES[ANSI_TEMPLATE].variables) if is_ansi else {},
    )
