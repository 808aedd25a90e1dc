# An overlay: the simple recipe (Miles and Mikolajczyk, AAAI 2024) in place of what networks learn from one another:
# projected features, and KL divergence at T = 1. The weights are torchdistill's.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='SRD'), weight=1.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
