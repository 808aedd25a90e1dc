# An overlay: KL divergence at temperature 2.
model = dict(
    edges={
        key: dict(loss=dict(temperature=2.0))
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and isinstance(edge.loss, dict) and edge.loss.type == 'KLDivergence'
    }
)
