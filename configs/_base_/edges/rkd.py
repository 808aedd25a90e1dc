# An overlay: relational knowledge distillation (Park et al., CVPR 2019) in place of what networks learn from one
# another: 25 times the distances, 50 times the angles, as in RepDistiller.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='RKD'), weight=1.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
