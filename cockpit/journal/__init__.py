"""What happened, durably: recordings, the journal, restore, the report."""
