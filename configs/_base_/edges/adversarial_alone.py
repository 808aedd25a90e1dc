# An overlay over AFD: no distillation of logits (document 002, table 2, "Adv only").
model = dict(
    edges={
        key: dict(gate=dict(type='CutoffGate'))
        for key, edge in _base_.model.edges.items()
        if edge.loss.type == 'KLDivergence'
    }
)
