"""What the OpenID Provider can do; each action is one transaction, in a file for its stage."""
