"""Bybit (v5, unified account, perpetuals against USDT): client, market, readings, account."""
