"""Pure decisions of the broker: no I/O, no clock, no randomness."""
