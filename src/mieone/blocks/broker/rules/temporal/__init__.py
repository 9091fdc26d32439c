"""Histories: times and periods, what is kept, what is aggregated, and how it is told."""
