"""Our orders at a real venue: sent once, resolved when unknown, cancelled, reconciled with what the venue holds."""
