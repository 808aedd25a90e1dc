# An overlay: neuron selectivity transfer (Huang and Wang, 2017) in place of what networks learn from one another: the
# channels of three stages. The weight is RepDistiller's.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='NST'), weight=50.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
