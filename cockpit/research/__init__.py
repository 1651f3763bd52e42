"""Does it earn? Backtests over stored history, sweeps of them, and the statistics that say what they prove."""
