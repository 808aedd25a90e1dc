# An overlay for a graph of another size, laid over the experiment before: the new networks are like net1's.
model = dict(
    nodes={
        name: dict(network=_base_.model.nodes.net1.network)
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode' and 'network' not in node
    }
)
