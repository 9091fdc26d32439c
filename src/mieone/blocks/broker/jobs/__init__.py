"""Periodic work of the broker."""
