"""Kraken Futures (multi-collateral perpetuals against USD): client, market, readings, account."""
