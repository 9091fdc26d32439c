"""Pure decisions of Mie-Coin: no I/O, no clock, no randomness."""
