# Seven networks and their ensemble, as in ens_2node.py.
_base_ = ['ens_6node.py']

model = dict(
    nodes=dict(
        net7=dict(type='NetworkNode'),
        ensemble=dict(members=['net1', 'net2', 'net3', 'net4', 'net5', 'net6', 'net7']),
    ),
    edges={
        'label->net7': dict(loss=dict(type='CrossEntropy')),
        'net1->net7': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net7->net1': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net2->net7': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net7->net2': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net3->net7': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net7->net3': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net4->net7': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net7->net4': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net5->net7': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net7->net5': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net6->net7': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net7->net6': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
    },
)
