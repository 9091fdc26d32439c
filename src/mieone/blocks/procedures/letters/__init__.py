"""Letters: what a notice says, whether the font can say it, and its PDF."""
