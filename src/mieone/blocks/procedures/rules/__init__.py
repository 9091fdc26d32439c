"""Pure rules of procedures: law as data, evaluated without clock or database."""
