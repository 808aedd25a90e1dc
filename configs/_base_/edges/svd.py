# An overlay: singular vectors (Lee, Kim and Song, ECCV 2018) in place of what networks learn from one another: the
# feature maps of three stages, in MDistiller's form and with its weight.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='SVD'), weight=1.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
