"""What every exchange shares: what an account and a public source must offer, the fenced client, judging, timing."""
