# Dash (Xu et al., ICML 2021): FixMatch with a threshold on the loss, which falls over the run.
_base_ = ['semi_supervised.py']

model = dict(
    joint_views=True,  # batch norm sees all images together, as in the authors' code
    edges={
        'net1->net1': dict(
            loss=dict(type='PseudoLabel'),
            gate=dict(type='DashGate'),
            views=dict(source='weak', target='strong'),
            samples='unlabeled',
        ),
    },
)
