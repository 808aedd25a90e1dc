# An overlay: all networks teach one another by KL divergence, each only where it is right (correct gates).
_base_ = ['dml.py']

model = dict(
    edges={
        key: dict(gate=dict(type='CorrectGate'))
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
