# An overlay over AFD: no adversarial loss (document 002, table 2, "KD only"); of two networks deep mutual learning at
# T = 3, with the factor T^2.
_base_ = ['../updates/one_optimizer.py']

model = dict(edges={key: dict(gate=dict(type='CutoffGate')) for key in _base_.model.edges if key.endswith(':features')})
