"""The simulated market: alive around the configured bands, the same for the same seed."""
