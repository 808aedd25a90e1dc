# An overlay: correlation congruence (Peng et al., ICCV 2019) in place of what networks learn from one another, in
# RepDistiller's form and with its weight.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='CC'), weight=0.02)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
