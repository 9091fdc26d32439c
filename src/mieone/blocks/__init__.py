"""The blocks of the house, all of one shape."""
