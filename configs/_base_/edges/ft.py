# An overlay: factor transfer (Kim, Park and Kwak, NeurIPS 2018) in place of what networks learn from one another: the
# last feature map. RepDistiller's distance, with its weight, 200, within the loss; the paraphraser learns in the same
# run, alone for its first eighth.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='FT'), weight=1.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
