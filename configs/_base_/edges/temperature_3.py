# An overlay: KL divergence at temperature 3.
model = dict(
    edges={
        key: dict(loss=dict(temperature=3.0))
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and isinstance(edge.loss, dict) and edge.loss.type == 'KLDivergence'
    }
)
