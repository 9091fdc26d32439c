"""The broker's statements, one function each."""
