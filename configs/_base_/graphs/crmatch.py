# CRMatch (Fan, Kukleva, Dai and Schiele, GCPR 2021): FixMatch, features that differ between the weak and the strong
# view, and rotations of the weak view to tell. All weights are 1, as in USB; size is that of the last feature map.
# Unlike USB, which has batches of their own of each image in four rotations, each image is in one, drawn anew.
_base_ = ['fixmatch.py']

model = dict(
    views=dict(turned=dict(type='RotatedView', node='net1', of='weak')),
    edges={
        'net1->net1': dict(
            loss=[dict(type='PseudoLabel'), dict(type='FeatureCosine', size=8)],
            detach=False,  # the features of both views learn to differ
        ),
        'net1->net1:rotation': dict(
            loss=dict(type='Rotation'),
            views=dict(source='turned', target='turned'),
            samples='unlabeled',
        ),
    },
)
