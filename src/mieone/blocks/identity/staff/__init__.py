"""Organisations, the posts of their staff, and what towns entrust to the association."""
