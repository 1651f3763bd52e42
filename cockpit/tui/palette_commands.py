"""The command palette, from the table of keys: every action is there by name, flatten first."""

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from cockpit.tui import keys


class KeyCommands(Provider):
    """Every action of the table; choosing one is pressing its key."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for action in keys.TABLE:
            yield DiscoveryHit(self._name(action), partial(self._run, action.id), help=action.help)

    async def search(self, query: str) -> Hits:
        """Those that match what was typed."""
        matcher = self.matcher(query)
        for action in keys.TABLE:
            score = matcher.match(f"{action.label} {action.help}")
            if score > 0:
                yield Hit(score, self._name(action), partial(self._run, action.id), help=action.help)

    async def _run(self, action_id: str) -> None:
        await self.app.run_action(f"app.do('{action_id}')")

    @staticmethod
    def _name(action: keys.KeyAction) -> str:
        return f"{action.label} ({' '.join(keys.shown(key) for key in action.keys)})"
