"""What can be known of a config from looking at it: who reads its names, what its values may be, what fits together."""
