# Six networks and their ensemble, as in ens_2node.py.
_base_ = ['ens_5node.py']

model = dict(
    nodes=dict(
        net6=dict(type='NetworkNode'),
        ensemble=dict(members=['net1', 'net2', 'net3', 'net4', 'net5', 'net6']),
    ),
    edges={
        'label->net6': dict(loss=dict(type='CrossEntropy')),
        'net1->net6': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net6->net1': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net2->net6': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net6->net2': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net3->net6': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net6->net3': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net4->net6': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net6->net4': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net5->net6': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net6->net5': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
    },
)
