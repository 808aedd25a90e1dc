# An overlay: FitNets (Romero et al., ICLR 2015) in place of what networks learn from one another: the feature map of
# the second of three stages. Weight and layer are RepDistiller's.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='FitNets'), weight=100.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
