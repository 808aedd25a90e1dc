# Offline baseline of AFD (document 002, table 1, "L1 + KD (offline)"): a network is trained on labels alone; then one
# like it learns the label, the first one's predictions by KL divergence at T = 3, and its last feature map by the L1
# distance, whose weight, 1, is ours.
model = dict(
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=dict(type='NetworkNode')),
    edges={'label->net1': dict(loss=dict(type='CrossEntropy'))},
)
stages = [
    dict(name='teacher'),
    dict(
        name='student',
        model=dict(
            nodes=dict(
                net2=dict(type='NetworkNode', stage=dict(name='teacher', node='net1')),
                ensemble=dict(type='EnsembleNode', members=['net1', 'net2']),
            ),
            edges={
                'net2->net1': dict(loss=dict(type='KLDivergence', temperature=3.0)),
                'net2->net1:features': dict(loss=dict(type='FeatureL1')),
            },
        ),
    ),
]
