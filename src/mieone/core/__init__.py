"""What every floor stands on; knows no block and no town."""
