# A four-node graph. The paper's is only a drawing; this one is ours: net1 learns what net2 and net3 get right and
# more and more from net4; the three others are deep mutual learners that do not listen to net1.
_base_ = ['dml_4node.py']

model = dict(
    edges={
        'net2->net1': dict(gate=dict(type='CorrectGate')),
        'net3->net1': dict(gate=dict(type='CorrectGate')),
        'net4->net1': dict(gate=dict(type='LinearGate')),
        'net1->net2': dict(gate=dict(type='CutoffGate')),
        'net1->net3': dict(gate=dict(type='CutoffGate')),
        'net1->net4': dict(gate=dict(type='CutoffGate')),
    }
)
