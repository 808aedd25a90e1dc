# A three-node graph found by the public re-implementation yukiharada1228/KnowledgeTransferGraph (trial 1), net1 =
# ResNet-32, net2 = ResNet-110, net3 = WRN-28-2.
_base_ = ['dml_3node.py']

model = dict(
    edges={
        'label->net1': dict(gate=dict(type='LinearGate')),
        'net2->net1': dict(gate=dict(type='ThroughGate')),
        'net3->net1': dict(gate=dict(type='LinearGate')),
        'net1->net2': dict(gate=dict(type='LinearGate')),
        'label->net2': dict(gate=dict(type='NegativeLinearGate')),
        'net3->net2': dict(gate=dict(type='NegativeLinearGate')),
        'net1->net3': dict(gate=dict(type='NegativeLinearGate')),
        'net2->net3': dict(gate=dict(type='CutoffGate')),
        'label->net3': dict(gate=dict(type='NegativeLinearGate')),
    }
)
