# An overlay: all networks are WRN-28-6, for the config's number of classes.
model = dict(
    nodes={
        name: dict(network=dict(_base_.wrn28_6, _delete_=True))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
