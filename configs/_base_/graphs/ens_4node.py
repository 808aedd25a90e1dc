# Four networks and their ensemble, as in ens_2node.py.
_base_ = ['ens_3node.py']

model = dict(
    nodes=dict(
        net4=dict(type='NetworkNode'),
        ensemble=dict(members=['net1', 'net2', 'net3', 'net4']),
    ),
    edges={
        'label->net4': dict(loss=dict(type='CrossEntropy')),
        'net1->net4': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net4->net1': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net2->net4': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net4->net2': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net3->net4': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net4->net3': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
    },
)
