"""The client of the engine's API: what a screen, a script or a test talks to."""

import sys

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # its own command line, which imports for 0.1 s
