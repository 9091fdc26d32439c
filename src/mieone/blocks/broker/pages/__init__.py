"""The broker's pages for people."""
