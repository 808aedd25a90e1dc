# An overlay: all networks are attention branch networks of ResNet-18, for the config's number of classes.
model = dict(
    nodes={
        name: dict(network=dict(_base_.abn_resnet18, _delete_=True))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
