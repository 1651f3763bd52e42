"""Cockpit: a terminal trading cockpit for scalping crypto perpetuals around liquidation bands."""

__version__ = "0.1.0"
