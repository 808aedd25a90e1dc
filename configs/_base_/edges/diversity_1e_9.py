# An overlay: classifiers are pushed apart with gamma = 1e-9 (document 003, figure 3).
model = dict(
    edges={
        key: dict(weight=1e-9)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and isinstance(edge.loss, dict) and edge.loss.type == 'ClassifierDiversity'
    }
)
