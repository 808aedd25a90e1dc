# MixMatch (Berthelot et al., NeurIPS 2019): images and labels are mixed with one another, those of unlabelled images
# being what the network says of two draws of the augmentation, averaged and sharpened. Constants are USB's; the paper's
# are alpha 0.75, a weight of 75 on CIFAR-10 and 150 on CIFAR-100, and a ramp-up of 16,384 iterations.
# All mixed images are one batch for batch norm, which remembers it; the authors' code interleaves the images in batches
# of the number of labelled ones and lets it remember the first, USB has a batch of the labelled ones, which it
# remembers, and others of the unlabelled ones.
_base_ = ['semi_supervised.py']

model = dict(
    views=dict(mixed=dict(type='MixedView', node='net1', of=['weak', 'weak2'], alpha=0.5, temperature=0.5)),
    edges={
        'label->net1': dict(views=dict(target='mixed')),
        'label->net1:guessed': dict(
            loss=dict(type='ProbabilityMSE'),
            gate=dict(type='RampUpGate', length=0.4, shape='linear'),
            weight=100.0,
            views=dict(target='mixed'),
            samples='unlabeled',
        ),
    },
)
