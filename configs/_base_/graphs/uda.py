# UDA (Xie et al., NeurIPS 2020): the sharpened probabilities of the weakly augmented image, where the network is
# confident, are what it learns on the strongly augmented one.
_base_ = ['fixmatch.py']

model = dict(
    edges={
        'net1->net1': dict(
            loss=dict(_delete_=True, type='KLDivergence', sharpening=0.4),
            gate=dict(threshold=0.8),
        ),
    },
)
