# An overlay: the first and the last network are ResNet-32, those between WRN-28-2, for the config's number of classes:
# the networks of the graphs of three, five and six nodes that Minami et al. found (thesis, Fig. 3.7).
__names = [name for name, node in _base_.model.nodes.items() if node.type == 'NetworkNode']

model = dict(
    nodes={
        name: dict(
            network=dict(_base_.resnet32 if name in (__names[0], __names[-1]) else _base_.wrn28_2, _delete_=True)
        )
        for name in __names
    }
)
