"""mieone: one resident, several towns, one door."""
