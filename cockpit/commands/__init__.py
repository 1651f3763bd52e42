"""What the commands that speak to a running engine do; the front door imports each only when it is asked for."""
