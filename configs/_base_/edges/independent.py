# An overlay: the config's networks learn the label, each on its own.
model = dict(
    edges={
        '_delete_': True,
        **{
            f'label->{name}': dict(loss=dict(type='CrossEntropy'))
            for name, node in _base_.model.nodes.items()
            if node.type == 'NetworkNode'
        },
    }
)
