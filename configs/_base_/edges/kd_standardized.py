# An overlay: KL divergence of standardised logits (Sun et al., CVPR 2024) in place of what networks learn from one
# another. Temperature and weights, the label's included, are those of the authors' code.
model = dict(
    edges={
        key: dict(weight=0.1)
        if key.startswith('label->')
        else dict(loss=dict(_delete_=True, type='KLDivergence', temperature=2.0, standardize=True), weight=9.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge
    }
)
