"""The vocabulary every room speaks: events, commands, actions, orders, trades, verdicts, snapshots."""
