"""The paper venue: book, matching, funding, latency."""
