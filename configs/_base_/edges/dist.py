# An overlay: DIST (Huang et al., NeurIPS 2022) in place of what networks learn from one another. Weight and temperature
# are those of the authors' recipe for CIFAR-100.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='DIST', temperature=4.0), weight=2.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
