# Two networks and their ensemble, the target. The papers' graphs are only drawings; this one is ours: from a lower to a
# higher number goes what the source gets right (probabilities attract), from a higher to a lower number goes a growing
# push to attend elsewhere (attention repels).
model = dict(
    type='KnowledgeTransferGraph',
    target='ensemble',
    nodes=dict(
        net1=dict(type='NetworkNode'),
        net2=dict(type='NetworkNode'),
        ensemble=dict(type='EnsembleNode', members=['net1', 'net2']),
    ),
    edges={
        'label->net1': dict(loss=dict(type='CrossEntropy')),
        'label->net2': dict(loss=dict(type='CrossEntropy')),
        'net1->net2': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net2->net1': dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate')),
    },
)
