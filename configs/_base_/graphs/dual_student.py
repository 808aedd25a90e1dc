# Dual Student (Ke et al., ICCV 2019): two networks, each consistent with itself on two draws of the augmentation; a
# sample that one of them is stable on teaches the other. The weights are those of the authors' code for CIFAR-10, which
# divides the label's loss by the whole batch (50 of 100 have one) and stabilises with 100 times the unlabelled share;
# for CIFAR-100 the threshold is 0.4 there. It also lets the second network see the two draws in the other order, and
# ramps the stabilisation up over the first 5 of 300 epochs.
_consistency = dict(
    loss=dict(type='ProbabilityMSE'),
    gate=dict(type='RampUpGate', length=0.0167),  # 5 of 300 epochs
    weight=10.0,
    views=dict(source='weak2', target='weak'),
)
_stabilization = dict(
    loss=dict(type='ProbabilityMSE'),
    gate=dict(type='StabilityGate', threshold=0.8, other_view='weak2'),
    weight=50.0,
    views=dict(source='weak', target='weak'),
    samples='unlabeled',
)
_label = dict(loss=dict(type='CrossEntropy'), weight=0.5, views=dict(target='weak'))

model = dict(
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=dict(type='NetworkNode'), net2=dict(type='NetworkNode')),
    edges={
        'label->net1': _label,
        'label->net2': _label,
        'net1->net1': _consistency,
        'net2->net2': _consistency,
        'net2->net1': _stabilization,
        'net1->net2': _stabilization,
    },
)
