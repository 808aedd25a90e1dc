# An overlay of born-again networks: one generation after the first one.
stages = _base_.stages[:2]
