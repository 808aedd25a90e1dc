# An overlay: decoupled knowledge distillation (Zhao et al., CVPR 2022) in place of what networks learn from one
# another. Weights, temperature and ramp are MDistiller's, whose 20 epochs are a tenth of our runs of 200 (a twelfth of
# its own); of some pairs of networks it has another beta: 2 of ResNet-110 and ResNet-32, 6 of WRNs.
model = dict(
    edges={
        key: dict(
            loss=dict(_delete_=True, type='DKD'),
            gate=dict(_delete_=True, type='RampUpGate', length=0.1, shape='linear'),
            weight=1.0,
        )
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
