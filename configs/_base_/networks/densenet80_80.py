# An overlay: all networks are DenseNet-80-80, for the config's number of classes.
model = dict(
    nodes={
        name: dict(network=dict(_base_.densenet80_80, _delete_=True))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
