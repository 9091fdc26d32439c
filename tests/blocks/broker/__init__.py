"""The context broker."""
