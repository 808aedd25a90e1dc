# A three-node graph found with the paper's gates by the public re-implementation yukiharada1228/KnowledgeTransferGraph
# (trial 17), net1 and net2 = ResNet-32, net3 = WRN-28-2. As net2's label edge is cut off, it learns from net3 alone.
_base_ = ['dml_3node.py']

model = dict(
    edges={
        'label->net1': dict(gate=dict(type='LinearGate')),
        'net2->net1': dict(gate=dict(type='CorrectGate')),
        'net3->net1': dict(gate=dict(type='ThroughGate')),
        'net1->net2': dict(gate=dict(type='CutoffGate')),
        'label->net2': dict(gate=dict(type='CutoffGate')),
        'net3->net2': dict(gate=dict(type='CorrectGate')),
        'net1->net3': dict(gate=dict(type='CorrectGate')),
        'net2->net3': dict(gate=dict(type='CorrectGate')),
        'label->net3': dict(gate=dict(type='CorrectGate')),
    }
)
