"""Checks before a session: they look at everything and change nothing."""
