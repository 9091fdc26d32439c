"""Decisions of consent: states, texts, receipts. Pure."""
