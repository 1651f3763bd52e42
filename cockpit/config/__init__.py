"""What the operator writes: models, loading, secrets, JSON Schema."""
