# An overlay: knowledge review (Chen et al., CVPR 2021) in place of what networks learn from one another, and of its
# gates: the feature maps of three stages and the embedding, fused from deep to shallow. The weight is MDistiller's for
# CIFAR, reached after 20 epochs.
model = dict(
    edges={
        key: dict(
            loss=dict(_delete_=True, type='ReviewKD'),
            gate=dict(
                _delete_=True,
                type='RampUpGate',
                shape='linear',
                length=min(20 / _base_.train_cfg.max_epochs, 1.0),
            ),
            weight=5.0,
        )
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
