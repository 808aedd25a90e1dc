"""What may be drawn: the space of a config, its graphs without repetition, samplers, and the metrics they are for."""
