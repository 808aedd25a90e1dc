# SimMatch (Zheng et al., CVPR 2022): FixMatch with pseudo-labels that a memory of the labelled images smooths, and the
# same likeness to each of them in both views. Constants are USB's for CIFAR. num_labels is how many labelled images
# there are at the most. As in USB on CIFAR the network itself is the teacher; the paper has an average on ImageNet.
_base_ = ['fixmatch.py']

model = dict(
    edges={
        'net1->net1': dict(
            loss=dict(_delete_=True, type='SimMatch', num_labels=10_000, threshold=0.95),
            gate=dict(_delete_=True, type='ThroughGate'),
            align=dict(target='uniform', length=32),
        ),
    },
)
