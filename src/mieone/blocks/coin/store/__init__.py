"""One function, one statement: what is read and written, deciding nothing."""
