"""The machine: events and commands in, decisions out. No clock, no randomness, no I/O."""
