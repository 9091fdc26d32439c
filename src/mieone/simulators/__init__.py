"""Stand-ins for the outside world in demonstrations; only main imports them."""
