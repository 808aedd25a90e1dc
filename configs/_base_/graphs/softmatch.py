# SoftMatch (Chen et al., ICLR 2023): FixMatch in which every sample counts, the less the further its confidence is
# below the mean; classes are aligned with the uniform distribution before their confidence is judged.
_base_ = ['semi_supervised.py']

model = dict(
    joint_views=True,  # batch norm sees all images together, as in the authors' code
    edges={
        'net1->net1': dict(
            loss=dict(type='PseudoLabel'),
            gate=dict(type='SoftMatchGate', momentum=0.999, n_sigma=2),
            views=dict(source='weak', target='strong'),
            samples='unlabeled',
        ),
    },
)
