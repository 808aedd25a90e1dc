# A three-node graph found by the public re-implementation yukiharada1228/KnowledgeTransferGraph (trial 11), net1 and
# net2 = ResNet-32, net3 = ResNet-110.
_base_ = ['dml_3node.py']

model = dict(
    edges={
        'label->net1': dict(gate=dict(type='LinearGate')),
        'net2->net1': dict(gate=dict(type='LinearGate')),
        'net3->net1': dict(gate=dict(type='LinearGate')),
        'net1->net2': dict(gate=dict(type='CutoffGate')),
        'label->net2': dict(gate=dict(type='NegativeLinearGate')),
        'net3->net2': dict(gate=dict(type='ThroughGate')),
        'net1->net3': dict(gate=dict(type='ThroughGate')),
        'net2->net3': dict(gate=dict(type='CutoffGate')),
        'label->net3': dict(gate=dict(type='ThroughGate')),
    }
)
