"""What every screen over the panes has in common: it closes once."""

from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.events import Key
from textual.screen import ModalScreen

from cockpit.tui import keys
from cockpit.tui.footer import Offered

if TYPE_CHECKING:
    from cockpit.tui.app import CockpitApp

Answer = TypeVar("Answer")


class Modal(ModalScreen[Answer]):
    """Two keys typed faster than a screen closes both reach it: the second finds nothing left to close.

    What takes risk away is never behind it: halt and disarm work over everything that is open, by their own keys where
    no text is typed (`OFFERED`), and by ctrl and function keys everywhere.
    """

    OFFERED: ClassVar[Offered] = Offered.READING

    def on_key(self, event: Key) -> None:
        """A key that was not for what is open may be for what lies under it."""
        if self.OFFERED is not Offered.READING:
            return
        app = cast("CockpitApp", self.app)
        bound, now = app.settings.keys, app.store.snapshot
        action = keys.meant_over(bound, event.key)
        if action is None and event.key in bound["arm"]:
            action = "disarm" if now is not None and now.armed else ""
        if action is None:
            return
        event.stop().prevent_default()
        if action:
            app.action_do(action)
        else:
            app.store.notify("arm: close what is open first", "warn")
            app.redraw()

    def close_with(self, answer: Answer | None) -> None:
        """Close with an answer, None for no answer; nothing where it is closed already."""
        if self in self.app.screen_stack:
            self.dismiss(answer)

    def on_unmount(self) -> None:
        """Forget what was drawn: Textual remembers a thousand closed screens' caches by their colours."""
        self._styles_cache.clear()
