# VAT with entropy minimisation (Miyato et al., TPAMI 2018): a network says the same of an unlabelled image and of the
# image moved by `eps` to where its prediction changes most, and is to be sure of it. Constants and ramp-up are USB's,
# but for xi: 1e-6 there and in the authors' code is lost in float32. The authors' code has eps 8 on CIFAR-10 (10
# without augmentation) and an entropy of weight 1. Unlike USB, the pass on clean images moves batch norm's statistics.
_base_ = ['semi_supervised.py']

model = dict(
    views=dict(adversarial=dict(type='AdversarialView', node='net1', of='weak', eps=6.0)),
    edges={
        'net1->net1:vat': dict(
            loss=dict(type='KLDivergence'),
            gate=dict(type='RampUpGate', length=0.4, shape='linear'),
            views=dict(source='weak', target='adversarial'),
            samples='unlabeled',
        ),
        'net1->net1:entropy': dict(
            loss=dict(type='Entropy'),
            weight=0.06,
            views=dict(source='weak', target='weak'),
            samples='unlabeled',
        ),
    },
)
