# An overlay: similarity-preserving distillation (Tung and Mori, ICCV 2019) in place of what networks learn from one
# another: how alike the batch's last feature maps are. The weight is RepDistiller's.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='SP'), weight=3000.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
