# Trial 91 of the search configs/search/raced_3node_fashion_mnist_3000.py on 1,000 images with narrow networks, which
# was left of its race. It was not shown to be better than mutual learning at T = 2 (docs/results.md).
#   python tools/train.py configs/ktg/raced_3node_fashion_mnist_3000.py
_base_ = ['../dml/dml_3node_fashion_mnist_3000.py']

model = dict(
    _delete_=True,
    type='KnowledgeTransferGraph',
    target='net1',
    nodes={name: dict(type='NetworkNode', network=_base_.resnet8) for name in ('net1', 'net2', 'net3')},
    edges={
        'label->net1': dict(loss=dict(type='CrossEntropy'), gate=dict(type='ThroughGate')),
        'label->net2': dict(loss=dict(type='CrossEntropy'), gate=dict(type='ThroughGate')),
        'net2->net1': dict(loss=dict(type='KLDivergence', temperature=2.0), gate=dict(type='ThroughGate')),
        'net1->net2': dict(loss=dict(type='KLDivergence', temperature=2.0), gate=dict(type='ThroughGate')),
        'label->net3': dict(loss=dict(type='CrossEntropy'), gate=dict(type='ThroughGate')),
        'net3->net1': dict(loss=dict(type='KLDivergence', temperature=2.0), gate=dict(type='ThroughGate')),
        'net1->net3': dict(loss=dict(type='ProbabilityMSE'), gate=dict(type='ThroughGate')),
        'net3->net2': dict(loss=dict(type='KLDivergence', temperature=2.0), gate=dict(type='ThroughGate')),
        'net2->net3': dict(loss=dict(type='KLDivergence', temperature=2.0), gate=dict(type='CorrectGate')),
    },
)
