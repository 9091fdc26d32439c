"""What the broker can do."""
