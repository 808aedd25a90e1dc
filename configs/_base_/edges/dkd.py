# An overlay: decoupled knowledge distillation (Zhao et al., CVPR 2022) in place of what networks learn from one
# another. Weights, temperature and the ramp of 20 epochs are MDistiller's; of some pairs of networks it has another
# beta: 2 of ResNet-110 and ResNet-32, 6 of WRNs.
model = dict(
    edges={
        key: dict(
            loss=dict(_delete_=True, type='DKD'),
            gate=dict(
                _delete_=True,
                type='RampUpGate',
                shape='linear',
                length=min(20 / _base_.train_cfg.max_epochs, 1.0),
            ),
            weight=1.0,
        )
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
