# An overlay: all networks are ResNet-32, for the config's number of classes.
model = dict(
    nodes={
        name: dict(network=dict(_base_.resnet32, _delete_=True))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
