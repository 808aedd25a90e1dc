# FreeMatch (Wang et al., ICLR 2023): FixMatch with thresholds that follow the network's confidence, for all classes and
# for each, and a term that keeps its predictions as diverse as they are on the whole.
_base_ = ['fixmatch.py']

model = dict(
    edges={
        'net1->net1': dict(
            gate=dict(_delete_=True, type='FreeMatchGate', momentum=0.999),
        ),
        'net1->net1:fairness': dict(
            loss=dict(type='SelfAdaptiveFairness', momentum=0.999),
            weight=0.001,
            views=dict(source='weak', target='strong'),
            samples='unlabeled',
        ),
    },
)
