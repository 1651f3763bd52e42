"""Coinbase Advanced Trade (perpetual-style futures of its FCM): key, client, market, readings, account."""
