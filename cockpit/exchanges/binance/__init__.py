"""Binance USD-M futures: client, market, readings, account."""
