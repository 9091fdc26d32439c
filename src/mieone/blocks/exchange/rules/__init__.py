"""The door's decisions and cuts. Pure."""
