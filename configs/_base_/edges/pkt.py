# An overlay: probabilistic knowledge transfer (Passalis and Tefas, ECCV 2018) in place of what networks learn from one
# another. The weight is RepDistiller's, for batches of 64: the loss is divided by their size, so that it grows with it.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='PKT'), weight=30000.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
