# An overlay: the config's first network learns the label, and nobody else is there.
__name = next(name for name, node in _base_.model.nodes.items() if node.type == 'NetworkNode')

model = dict(
    _delete_=True,
    type='KnowledgeTransferGraph',
    target=__name,
    nodes={__name: _base_.model.nodes[__name]},
    edges={f'label->{__name}': dict(loss=dict(type='CrossEntropy'))},
)
