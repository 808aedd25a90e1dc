# ONE (Lan, Zhu and Gong, NeurIPS 2018): a gate on the trunk weighs the branches, their weighted logits learn the label
# and teach every branch at T = 3, growing over the first 80 of 300 epochs, as in the code of OKDDip's authors. That
# does not detach what teaches, adds 1e-7 to its probabilities, and grows epoch by epoch; here it is detached, as the
# gate learns from the label, and grows at every iteration. Of four networks without a trunk the gate sees net1's alone.
_base_ = ['branches.py']

__kl = dict(loss=dict(type='KLDivergence', temperature=3.0), gate=dict(type='RampUpGate', length=80 / 300))

model = dict(
    nodes=dict(
        teacher=dict(type='GatedEnsembleNode', members=['net1', 'net2', 'net3', 'leader'], layer='backbone.layer1')
    ),
    edges={
        'label->teacher': dict(loss=dict(type='CrossEntropy')),
        **{f'teacher->{name}': __kl for name in ('net1', 'net2', 'net3', 'leader')},
    },
)
