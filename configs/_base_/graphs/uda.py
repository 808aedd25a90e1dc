# UDA (Xie et al., NeurIPS 2020): the sharpened probabilities of the weakly augmented image, where the network is
# confident, are what it learns on the strongly augmented one.
_base_ = ['semi_supervised.py']

model = dict(
    joint_views=True,  # batch norm sees all images together, as in the authors' code
    edges={
        'net1->net1': dict(
            loss=dict(type='KLDivergence', sharpening=0.4),
            gate=dict(type='ThresholdGate', threshold=0.8),
            views=dict(source='weak', target='strong'),
            samples='unlabeled',
        ),
    },
)
