# Pseudo-Label (Lee, 2013): a network learns the class that it predicts itself, here on another draw of the augmentation
# and where it is confident, as in TorchSSL and USB.
_base_ = ['semi_supervised.py']

model = dict(
    edges={
        'net1->net1': dict(
            loss=dict(type='PseudoLabel', threshold=0.95),
            gate=dict(type='RampUpGate', length=0.4, shape='linear'),
            views=dict(source='weak2', target='weak'),
            samples='unlabeled',
        ),
    }
)
