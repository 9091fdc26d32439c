"""Other brokers asked and told, within limits of time and size."""
