# ReMixMatch (Berthelot et al., ICLR 2020): MixMatch with labels that the network guesses from the weak view, aligned
# with the uniform distribution, on strong views as well; the same guesses on a strong view that is not mixed, and its
# rotations to tell. Constants are USB's, with two strong views; the paper has eight, of CTAugment, and aligns with a
# mean over the last 128 batches.
# Batch norm sees the mixed images as one batch, and remembers this and those of the weak and the strong view; USB lets
# it remember the labelled mixed images alone.
_base_ = ['semi_supervised.py']

_align = dict(target='uniform', momentum=0.999)
_ramp_up = dict(type='RampUpGate', length=1 / 64, shape='linear')

model = dict(
    views=dict(
        mixed=dict(
            type='MixedView',
            node='net1',
            of=['weak', 'strong', 'strong2'],
            alpha=0.75,
            temperature=0.5,
            guess=['weak'],
            align=_align,
        ),
        turned=dict(type='RotatedView', node='net1', of='strong'),
    ),
    edges={
        'label->net1': dict(views=dict(target='mixed')),
        'label->net1:guessed': dict(
            loss=dict(type='CrossEntropy'),
            gate=_ramp_up,
            weight=1.5,
            views=dict(target='mixed'),
            samples='unlabeled',
        ),
        'net1->net1': dict(
            loss=dict(type='KLDivergence', sharpening=0.5),
            gate=_ramp_up,
            weight=0.5,
            align=_align,
            views=dict(source='weak', target='strong'),
            samples='unlabeled',
        ),
        'net1->net1:rotation': dict(
            loss=dict(type='Rotation', hidden=False),
            weight=0.5,
            views=dict(source='turned', target='turned'),
            samples='unlabeled',
        ),
    },
)
