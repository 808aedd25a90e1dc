# An overlay: a network that nobody teaches may stay as it was initialised, at random, as in the thesis's chapter 4. A
# search then does not train it on the labels first.
model = dict(
    nodes={name: dict(allow_random=True) for name, node in _base_.model.nodes.items() if node.type == 'NetworkNode'}
)
