"""Pure decisions of the register: names, addresses, ages, matching, and what an import may take."""
