"""How fast, with what durability, on what machine: tables somebody else can reproduce."""
