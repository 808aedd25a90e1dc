# Mean Teacher (Tarvainen and Valpola, NeurIPS 2017): a network agrees with the moving average of its weights on another
# draw of the augmentation. The teacher's batch norm is in training mode. Weight and length of the ramp-up are
# TorchSSL's and USB's, its shape is the paper's.
# The thesis (5.2.1) has KL divergence, and no ramp-up: --with configs/_base_/edges/consistency_kl.py
_base_ = ['semi_supervised.py']

model = dict(
    edges={
        'net1->ema': dict(mode='train'),
        'ema->net1': dict(
            loss=dict(type='ProbabilityMSE'),
            gate=dict(type='RampUpGate', length=0.4),
            weight=50.0,
            views=dict(source='weak2', target='weak'),
            samples='unlabeled',
        ),
    }
)
