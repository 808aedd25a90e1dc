# An overlay over AFD: every network learns from the mean of all, at T = 3 (document 002, table 4, "KD").
_base_ = ['kd_alone.py', 'adversarial_alone.py']

model = dict(
    edges={
        f'ensemble->{name}': dict(loss=dict(type='KLDivergence', temperature=3.0))
        for name in _base_.model.nodes.ensemble.members
    }
)
