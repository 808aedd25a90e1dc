# An overlay: FEED (Park and Kwak, 2019) in place of what networks learn from one another: the last feature map, through
# a transformation for each teacher. The weight is ours, torchdistill's of factor transfer; the paper's is not known.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='FEED'), weight=1000.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
