# An overlay: the flow of the solution procedure (Yim et al., CVPR 2017) in place of what networks learn from one
# another: how the channels of the stem's map and of three stages go with one another. All need networks of the same
# widths. The weight is that of RepDistiller's script. The paper's student learns by this first and then by the label.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='FSP'), weight=50.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
