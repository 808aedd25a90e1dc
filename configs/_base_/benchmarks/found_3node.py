# An overlay: trial 41 of the search configs/search/ktg_3node_fashion_mnist_3000.py, chosen on its validation images.
__kl = dict(type='KLDivergence')
__gates = {
    'net2->net1': 'LinearGate',
    'net3->net1': 'LinearGate',
    'net1->net2': 'CorrectGate',
    'net3->net2': 'CorrectGate',
    'net2->net3': 'ThroughGate',
}

model = dict(
    edges={
        '_delete_': True,
        'label->net1': dict(loss=dict(type='CrossEntropy'), gate=dict(type='ThroughGate')),
        'label->net2': dict(loss=dict(type='CrossEntropy'), gate=dict(type='LinearGate')),
        'label->net3': dict(loss=dict(type='CrossEntropy'), gate=dict(type='LinearGate')),
        **{edge: dict(loss=__kl, gate=dict(type=gate)) for edge, gate in __gates.items()},
    }
)
