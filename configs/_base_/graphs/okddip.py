# OKDDip (Chen et al., AAAI 2020): every auxiliary branch learns from an ensemble of its own, weighed by attention, the
# leader from the mean of the auxiliary logits; T = 3, growing over the first 80 of 300 epochs. The authors' code adds
# 1e-7 to the probabilities that teach, and grows epoch by epoch; here it grows at every iteration.
_base_ = ['branches.py']

__auxiliary = ['net1', 'net2', 'net3']
__kl = dict(loss=dict(type='KLDivergence', temperature=3.0), gate=dict(type='RampUpGate', length=80 / 300))

model = dict(
    nodes=dict(
        peers=dict(type='AttentionEnsembleNode', members=__auxiliary),
        average=dict(type='EnsembleNode', members=__auxiliary),
    ),
    edges={
        # The attention learns through what it tells.
        **{f'peers->{name}': dict(__kl, detach=False) for name in __auxiliary},
        'average->leader': __kl,
    },
)
