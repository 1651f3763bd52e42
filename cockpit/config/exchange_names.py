"""The exchanges as the config knows them: their names, whose keys have a passphrase, which variables move them.

The one place where the config reads the registry, which imports nothing of what it names.
"""

from cockpit.exchanges.registry import EXCHANGES

NAMES = tuple(EXCHANGES)
GIVE_POSITIONING = tuple(name for name, spec in EXCHANGES.items() if spec.abilities.gives_positioning)
HAVE_DEMO = frozenset(name for name, spec in EXCHANGES.items() if spec.abilities.has_demo)
STOP_AT_LIMIT = frozenset(name for name, spec in EXCHANGES.items() if not spec.abilities.stops_at_market)
"""Their only stop is a stop-limit."""
HAVE_SESSIONS = frozenset(name for name, spec in EXCHANGES.items() if spec.abilities.has_sessions)
NEED_PASSWORD = frozenset(spec.name for spec in EXCHANGES.values() if spec.needs_password)
VARIABLES = {
    key: variable
    for spec in EXCHANGES.values()
    for key, variable in (
        (f"{spec.name}_rest_url", spec.endpoints.rest),
        (f"{spec.name}_ws_url", spec.endpoints.ws),
    )
}
"""The environment variable that moves each address, by its key in the `endpoints` section."""


def known_exchange(name: str) -> str:
    """That name. Raises ValueError where no exchange has it."""
    if name not in EXCHANGES:
        raise ValueError(f"expected one of {', '.join(NAMES)}, was {name}")
    return name
