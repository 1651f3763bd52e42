"""The client of the engine's API: what a screen, a script or a test talks to. For a program: `Cockpit`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cockpit.client.cockpit import Cockpit as Cockpit


def __getattr__(name: str) -> Any:
    """`Cockpit`, imported only where it is used: a screen does not wait for it."""
    if name == "Cockpit":
        from cockpit.client.cockpit import Cockpit

        return Cockpit
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
