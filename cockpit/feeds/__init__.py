"""Outside to events: what the engine hears, whether live, simulated or recorded."""
