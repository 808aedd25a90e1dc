# The graph that a search of 32 in the space of diverse networks found for Fashion-MNIST with 250 labels: trial 13 of
# configs/search/semi_2node_diverse_fashion_mnist_250.py, 76.84 % on its validation images after 750 iterations.
# docs/results.md compares it with FixMatch.
#   python tools/train.py configs/semi/graph_diverse_fashion_mnist_250.py
_base_ = ['consistency_2node_fashion_mnist_250.py']

model = dict(
    _delete_=True,
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(
        net1=dict(type='NetworkNode', network=_base_.resnet8),
        net2=dict(type='NetworkNode', network=_base_.resnet8),
    ),
    edges={
        'label->net1': dict(loss=dict(type='CrossEntropy'), views=dict(target='weak'), gate=dict(type='ThroughGate')),
        'label->net2': dict(
            loss=dict(type='CrossEntropy'),
            views=dict(target='weak'),
            gate=dict(type='NegativeLinearGate'),
        ),
        'net1->net1': dict(
            loss=dict(type='KLDivergence'),
            views=dict(source='weak2', target='weak'),
            samples='unlabeled',
            gate=dict(type='ThroughGate'),
        ),
        'net2->net1': dict(
            loss=dict(type='PseudoLabel'),
            views=dict(source='weak2', target='weak'),
            samples='unlabeled',
            gate=dict(type='ThresholdGate', threshold=0.95),
        ),
        'net1->net2': dict(
            loss=dict(type='PseudoLabel'),
            views=dict(source='weak2', target='weak'),
            samples='unlabeled',
            gate=dict(type='NegativeLinearGate'),
        ),
        'net2->net2': dict(
            loss=dict(type='KLDivergence'),
            views=dict(source='weak2', target='weak'),
            samples='unlabeled',
            gate=dict(type='ThresholdGate', threshold=0.95),
        ),
    },
)
