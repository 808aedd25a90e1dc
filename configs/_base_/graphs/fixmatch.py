# FixMatch (Sohn et al., NeurIPS 2020): the class that a network is sure of on the weakly augmented image is what it
# learns on the strongly augmented one.
_base_ = ['semi_supervised.py']

model = dict(
    joint_views=True,  # batch norm sees all images together, as in the authors' code
    edges={
        'net1->net1': dict(
            loss=dict(type='PseudoLabel'),
            gate=dict(type='ThresholdGate', threshold=0.95),
            views=dict(source='weak', target='strong'),
            samples='unlabeled',
        ),
    },
)
