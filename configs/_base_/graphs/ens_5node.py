# Five networks and their ensemble, as in ens_2node.py.
_base_ = ['ens_4node.py']

model = dict(
    nodes=dict(
        net5=dict(type='NetworkNode'),
        ensemble=dict(members=['net1', 'net2', 'net3', 'net4', 'net5']),
    ),
    edges={
        'label->net5': dict(loss=dict(type='CrossEntropy')),
        'net1->net5': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net5->net1': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net2->net5': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net5->net2': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net3->net5': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net5->net3': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net4->net5': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net5->net4': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
    },
)
