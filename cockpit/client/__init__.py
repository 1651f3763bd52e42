"""The client of the engine's API: what a screen, a script or a test talks to."""
