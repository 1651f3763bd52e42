"""OKX swaps: client, market, readings, account."""
