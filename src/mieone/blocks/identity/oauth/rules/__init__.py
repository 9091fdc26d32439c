"""Pure decisions of the OpenID Provider: no I/O, no clock."""
