# Pi-model (Laine and Aila, ICLR 2017): a network agrees with itself on another draw of the augmentation. Weight and
# ramp-up are those of TorchSSL and USB.
# The thesis (5.2.1) has KL divergence, and no ramp-up: --with configs/_base_/edges/consistency_kl.py
_base_ = ['semi_supervised.py']

model = dict(
    edges={
        'net1->net1': dict(
            loss=dict(type='ProbabilityMSE'),
            gate=dict(type='RampUpGate', length=0.4, shape='linear'),
            weight=10.0,
            views=dict(source='weak2', target='weak'),
            samples='unlabeled',
        ),
    }
)
