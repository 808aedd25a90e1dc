# An overlay: DKD as dkd.py has it, of standardised logits (Sun et al., CVPR 2024): at T = 2, both weights times nine.
_base_ = ['dkd.py']

model = dict(
    edges={
        key: dict(loss=dict(alpha=9.0, beta=72.0, temperature=2.0, standardize=True))
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
