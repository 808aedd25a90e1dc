# Three networks and their ensemble, as in ens_2node.py.
_base_ = ['ens_2node.py']

model = dict(
    nodes=dict(
        net3=dict(type='NetworkNode'),
        ensemble=dict(members=['net1', 'net2', 'net3']),
    ),
    edges={
        'label->net3': dict(loss=dict(type='CrossEntropy')),
        'net1->net3': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net3->net1': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
        'net2->net3': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net3->net2': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
    },
)
