"""The latest of everything with its age: prints, books, bars, rolling windows, readings, liquidation bands."""
