# Offline baseline of AFD (document 002, table 1, "L1 + KD (offline)"): net2 is trained on the labels alone; then net1
# learns the label, net2's predictions by KL divergence at T = 3, and its last feature map by the L1 distance. The L1
# distance's weight, 1, is ours.
model = dict(
    type='KnowledgeTransferGraph',
    target='net2',
    nodes=dict(net2=dict(type='NetworkNode')),
    edges={'label->net2': dict(loss=dict(type='CrossEntropy'))},
)
stages = [
    dict(name='teacher'),
    dict(
        name='student',
        model=dict(
            target='net1',
            nodes=dict(
                net1=dict(type='NetworkNode'),
                net2=dict(_delete_=True, type='NetworkNode', stage=dict(name='teacher', node='net2')),
                ensemble=dict(type='EnsembleNode', members=['net1', 'net2']),
            ),
            edges={
                '_delete_': True,
                'label->net1': dict(loss=dict(type='CrossEntropy')),
                'net2->net1': dict(loss=dict(type='KLDivergence', temperature=3.0)),
                'net2->net1:features': dict(loss=dict(type='FeatureL1')),
            },
        ),
    ),
]
