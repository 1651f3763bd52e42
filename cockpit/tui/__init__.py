"""The screen: shows what the engine says and sends what the operator asks. Knows the domain and the client, no more."""
