"""Actions to the outside and back: the paper venue, and what every venue has in common."""
