# An overlay: contrastive representation distillation as crd.py has it, and beside it Hinton's at T = 4, as
# RepDistiller's CRD+KD.
_base_ = ['crd.py']

model = dict(
    edges={
        f'{key}:kd': dict(loss=dict(type='KLDivergence', temperature=4.0))
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->') and ':' not in key
    }
)
