# Four branches on one trunk and their ensemble: three auxiliary ones, net1 to net3, and the group leader, the one to
# deploy. They share all up to the end of the first stage, as in document 003, where the last two are separate.
# Without a trunk, as four networks: --with configs/_base_/networks/no_trunk.py
__networks = ['net1', 'net2', 'net3', 'leader']
__shared = dict(type='NetworkNode', share=dict(node='net1', until='backbone.layer1'))

model = dict(
    type='KnowledgeTransferGraph',
    target='leader',
    nodes=dict(
        net1=dict(type='NetworkNode'),
        net2=__shared,
        net3=__shared,
        leader=__shared,
        ensemble=dict(type='EnsembleNode', members=__networks),
    ),
    edges={f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in __networks},
)
