"""`--speed`: a number from 0 to what an engine can be asked for; anything else is answered with the value."""

import typer

from cockpit.commands.screen_line import FASTEST


def speed_of(text: str) -> float:
    """The speed that was given. Raises `typer.BadParameter`."""
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0.0 <= speed <= FASTEST:
        expected = f"expected a number from 0 to {FASTEST:g} (1 = real time, 0 = as fast as it goes)"
        raise typer.BadParameter(f"{expected}, was '{text}'")
    return speed
