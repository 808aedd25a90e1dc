# An overlay: variational information distillation (Ahn et al., CVPR 2019) in place of what networks learn from one
# another: the feature maps of three stages. The weight is RepDistiller's.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='VID'), weight=1.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
