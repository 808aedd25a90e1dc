# An overlay: attention transfer (Zagoruyko and Komodakis, ICLR 2017) in place of what networks learn from one another:
# the attention maps of three stages. The weight is RepDistiller's.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='AttentionTransfer'), weight=1000.0)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
