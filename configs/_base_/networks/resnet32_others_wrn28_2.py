# An overlay: net1 is ResNet-32, all others are WRN-28-2, for the config's number of classes.
model = dict(
    nodes={
        name: dict(network=dict(_base_.resnet32 if name == 'net1' else _base_.wrn28_2, _delete_=True))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
