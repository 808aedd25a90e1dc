# The feature fusion module of document 003: the auxiliary branches learn from their logits, weighed by their fused
# feature maps, the leader from the mean of all branches, itself included; T = 3, alpha = 1, beta = 2, from the first
# epoch on. It averages predictions, which we take for logits, as OKDDip does. No code is public: the size of the
# convolutions, and that the mean is detached, are ours.
_base_ = ['branches.py']

__auxiliary = ['net1', 'net2', 'net3']
__kl = dict(loss=dict(type='KLDivergence', temperature=3.0))

model = dict(
    nodes=dict(fusion=dict(type='FusionEnsembleNode', members=__auxiliary)),
    edges={
        # The fusion learns through what it tells.
        **{f'fusion->{name}': dict(__kl, detach=False) for name in __auxiliary},
        'ensemble->leader': dict(__kl, weight=2.0),
    },
)
