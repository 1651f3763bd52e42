"""Getting flat: one state machine for a venue, and the roads that lead to it."""
