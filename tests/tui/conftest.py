"""The fixtures of every test of the screen; what they are made of is in `screen_stage`."""

from screen_stage import flat, later, plain_terminal, quiet, simulated, trading

__all__ = ["flat", "later", "plain_terminal", "quiet", "simulated", "trading"]
