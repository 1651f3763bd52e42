"""The watched wallet's Aave health factor, read from several nodes."""
