# An overlay of born-again networks: the first generation alone, which has no teacher.
stages = _base_.stages[:1]
