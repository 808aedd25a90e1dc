# FlexMatch (Zhang et al., NeurIPS 2021): FixMatch with a lower threshold for classes that are learnt slowly.
# num_samples is the number of unlabelled images.
_base_ = ['semi_supervised.py']

model = dict(
    joint_views=True,  # batch norm sees all images together, as in the authors' code
    edges={
        'net1->net1': dict(
            loss=dict(type='PseudoLabel'),
            gate=dict(type='FlexMatchGate', num_samples=50_000, threshold=0.95),
            views=dict(source='weak', target='strong'),
            samples='unlabeled',
        ),
    },
)
