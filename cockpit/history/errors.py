"""What can go wrong with a history file, as a line for the operator."""


class HistoryError(Exception):
    """This file, or this store, cannot be used; its one-line message says why. Go on with the next file."""
