"""Live feeds: one worker a source, each with its own cadence, its own age and its own word on how it does."""
