"""What identity can do: prove a person, keep passkeys, name people to services, let them leave."""
