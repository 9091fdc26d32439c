"""Pure decisions of identity: the same input gives the same answer; no clock, no database, no network."""
