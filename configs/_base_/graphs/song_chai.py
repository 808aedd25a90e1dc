# Collaborative learning (Song and Chai, NeurIPS 2018), as the code of OKDDip's authors has it: every head learns the
# label and, at T = 3 and growing over the first 80 of 300 epochs, the mean of the others' logits. That does not detach
# the mean, and grows epoch by epoch; here it is detached. The paper has T = 2, half of either loss, and divides the
# heads' gradients into the trunk by their number.
_base_ = ['branches.py']

__networks = ['net1', 'net2', 'net3', 'leader']

model = dict(
    nodes={
        f'all_but_{name}': dict(type='EnsembleNode', members=[other for other in __networks if other != name])
        for name in __networks
    },
    edges={
        f'all_but_{name}->{name}': dict(
            loss=dict(type='KLDivergence', temperature=3.0), gate=dict(type='RampUpGate', length=80 / 300)
        )
        for name in __networks
    },
)
