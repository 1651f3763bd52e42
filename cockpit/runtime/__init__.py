"""Wires an engine process together: what runs it, feeds it, checks it before it starts."""
