"""Recordings through the engine: replayed, proved, and made from raw captures."""
