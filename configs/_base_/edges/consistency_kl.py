# An overlay for the Pi-model and Mean Teacher: consistency as in the thesis (5.2.1), KL divergence from the first
# iteration on, in place of a squared distance that ramps up.
model = dict(
    edges={
        key: dict(
            loss=dict(_delete_=True, type='KLDivergence'), gate=dict(_delete_=True, type='ThroughGate'), weight=1.0
        )
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and isinstance(edge.loss, dict) and edge.loss.type == 'ProbabilityMSE'
    }
)
