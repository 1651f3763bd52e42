"""What the commands that speak to a running engine do; the front door imports each only when it is asked for."""

COMPLETE_VARIABLE = "_COCKPIT_COMPLETE"
"""Set by a shell that asks for completions: then the words are in the environment, and none is an argument."""
