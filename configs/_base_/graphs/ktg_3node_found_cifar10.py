# The three-node graph that the public re-implementation yukiharada1228/KnowledgeTransferGraph found on CIFAR-10, net1
# and net3 = ResNet-32, net2 = ResNet-110.
_base_ = ['dml_3node.py']

model = dict(
    edges={
        'label->net1': dict(gate=dict(type='ThroughGate')),
        'net2->net1': dict(gate=dict(type='ThroughGate')),
        'net3->net1': dict(gate=dict(type='NegativeLinearGate')),
        'net1->net2': dict(gate=dict(type='LinearGate')),
        'label->net2': dict(gate=dict(type='LinearGate')),
        'net3->net2': dict(gate=dict(type='LinearGate')),
        'net1->net3': dict(gate=dict(type='CutoffGate')),
        'net2->net3': dict(gate=dict(type='LinearGate')),
        'label->net3': dict(gate=dict(type='LinearGate')),
    }
)
