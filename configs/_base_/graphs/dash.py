# Dash (Xu et al., ICML 2021): FixMatch with a threshold on the loss, which falls over the run.
# TorchSSL and USB use soft pseudo-labels (T = 0.5) as long as the threshold is high; here they are hard from the start.
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
