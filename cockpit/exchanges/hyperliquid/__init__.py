"""Hyperliquid (perpetuals of its first dex, in USDC): client, market, readings, account behind an agent wallet."""
